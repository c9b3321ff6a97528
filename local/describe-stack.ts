import { isAbsolute, join, relative } from 'node:path';
import type { LocalJson } from './local-json.ts';

/** What is shown when the stack answers: where it is, who one can be, and what to try. */
export function describeStack(local: LocalJson, dataDir: string, seconds: string): string {
  const file = shown(join(dataDir, 'local.json'));
  const [tenant] = local.tenants;
  return [
    `Tandem answers after ${seconds} s. Ctrl-C stops it; everything is kept in ${shown(dataDir)}.`,
    '',
    `  REST      ${local.url}/api/v1`,
    `  Docs      ${local.url}/api/docs/`,
    `  GraphQL   ${local.graphqlUrl}`,
    `  Realtime  ${local.realtimeUrl}`,
    '',
    `Tenants ${local.tenants.map(({ id }) => id).join(' and ')}: tokens of every role and worker keys are in ${file}.`,
    '',
    `  TOKEN=$(node -p "require('${isAbsolute(file) ? '' : './'}${file}').tenants[0].tokens.owner")`,
    `  curl -H "Authorization: Bearer $TOKEN" '${local.url}/api/v1/contacts?limit=2'`,
    `  curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' ${local.graphqlUrl} \\`,
    `    -d '{"query":"{ dashboard(tenantId: \\"${tenant?.id}\\") { contacts { total } } }"}'`,
    `  curl ${local.url}/api/system/health`,
    '',
  ].join('\n');
}

/** Relative to where the operator is, unless that leads outside. */
function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' ? '.' : near.startsWith('..') ? path : near;
}
