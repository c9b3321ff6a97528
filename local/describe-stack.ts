import { join, relative } from 'node:path';
import type { LocalJson } from './local-json.ts';

/** What is shown when the stack answers: where it is, who one can be, and three things to try. */
export function describeStack(local: LocalJson, dataDir: string, seconds: string): string {
  const file = relative(process.cwd(), join(dataDir, 'local.json'));
  const [tenant] = local.tenants;
  const rows = [
    `Tandem answers after ${seconds} s. Ctrl-C stops it; everything is kept in ${relative(process.cwd(), dataDir) || '.'}.`,
    '',
    `  REST      ${local.url}/api/v1`,
    `  Docs      ${local.url}/api/docs/`,
    `  GraphQL   ${local.graphqlUrl}`,
    `  Realtime  ${local.realtimeUrl}`,
    '',
    `Tenants ${local.tenants.map(({ id }) => id).join(' and ')}; tokens and worker keys are in ${file}.`,
    '',
    `  TOKEN=$(node -p "require('./${file}').tenants[0].tokens.owner")`,
    `  curl -H "Authorization: Bearer $TOKEN" '${local.url}/api/v1/contacts?limit=2'`,
    `  curl ${local.graphqlUrl} -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
    `    -d '{"query":"{ dashboard(tenantId: \\"${tenant?.id}\\") { contacts { total } } }"}'`,
    `  curl ${local.url}/api/system/health`,
    '',
  ];
  return rows.join('\n');
}
