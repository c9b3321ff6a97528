import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Route } from '../functions/shared/route.ts';
import type { ResolverEntry } from '../graphql/resolvers.ts';

const root = resolve(import.meta.dirname, '..');

const answer = { 200: { description: 'ok' } };
const fewRoutes: Route[] = [
  {
    operation: 'getHealth',
    method: 'GET',
    path: '/api/system/health',
    function: 'platform',
    permission: 'public',
    summary: 's',
    tag: 't',
    responses: answer,
  },
  {
    operation: 'getMe',
    method: 'GET',
    path: '/api/v1/me',
    function: 'platform',
    permission: 'self:read',
    summary: 's',
    tag: 't',
    responses: answer,
  },
  {
    operation: 'listContacts',
    method: 'GET',
    path: '/api/v1/contacts',
    function: 'crm',
    permission: 'records:read',
    summary: 's',
    tag: 't',
    responses: answer,
  },
  {
    operation: 'createContact',
    method: 'POST',
    path: '/api/v1/contacts',
    function: 'crm',
    permission: 'records:write',
    summary: 's',
    tag: 't',
    responses: answer,
  },
  {
    operation: 'getContact',
    method: 'GET',
    path: '/api/v1/contacts/{id}',
    function: 'crm',
    permission: 'records:read',
    summary: 's',
    tag: 't',
    responses: answer,
  },
  {
    operation: 'claimTasks',
    method: 'POST',
    path: '/api/v1/tasks/claim',
    function: 'tasks',
    permission: 'tasks:write',
    summary: 's',
    tag: 't',
    responses: answer,
  },
];

async function load(file: string): Promise<Record<string, unknown>> {
  try {
    if (existsSync(resolve(root, file)))
      return (await import(resolve(root, file))) as Record<string, unknown>;
  } catch (error) {
    console.error(`${file}: ${error instanceof Error ? error.message : error}`);
  }
  return {};
}

/** The parts that other folders give; each has a small stand-in as long as its file does not load. */
export async function parts(): Promise<{
  routes: readonly Route[];
  resolvers: readonly ResolverEntry[];
  graphqlSources: string;
}> {
  const lists = [
    (await load('functions/crm/routes.ts')).crmRoutes,
    (await load('functions/tasks/routes.ts')).taskRoutes,
    (await load('functions/platform/routes.ts')).platformRoutes,
  ] as (Route[] | undefined)[];
  const routes = new Map(fewRoutes.map((route) => [`${route.method} ${route.path}`, route]));
  for (const route of lists.flatMap((list) => list ?? [])) routes.set(`${route.method} ${route.path}`, route);
  const resolvers = ((await load('graphql/resolvers.ts')).resolvers ?? []) as ResolverEntry[];
  const common = { routes: [...routes.values()], resolvers };
  if (existsSync(resolve(root, 'graphql/schema.graphql')))
    return { ...common, graphqlSources: resolve(root, 'graphql') };
  const sources = resolve(root, '.build/graphql');
  mkdirSync(sources, { recursive: true });
  writeFileSync(resolve(sources, 'schema.graphql'), 'type Query { hello: String }\n');
  writeFileSync(
    resolve(sources, 'hello.js'),
    "export const request = () => ({ payload: 'hello' });\nexport const response = (ctx) => ctx.result;\n",
  );
  const hello: ResolverEntry = { typeName: 'Query', fieldName: 'hello', kind: 'local', code: 'hello.js' };
  return { ...common, resolvers: [hello], graphqlSources: sources };
}
