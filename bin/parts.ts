import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Route } from '../functions/shared/route.ts';
import type { ResolverEntry } from '../lib/graphql-api.ts';

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

/** The parts that other folders give; each has a small stand-in as long as its file does not exist. */
export async function parts(): Promise<{
  routes: readonly Route[];
  resolvers: readonly ResolverEntry[];
  graphqlSources: string;
}> {
  const load = async (file: string) =>
    existsSync(resolve(root, file)) ? await import(resolve(root, file)) : undefined;
  const routes = (await load('functions/route-table.ts'))?.routeTable ?? fewRoutes;
  const resolvers = (await load('graphql/resolvers.ts'))?.resolvers ?? [];
  if (existsSync(resolve(root, 'graphql/schema.graphql')))
    return { routes, resolvers, graphqlSources: resolve(root, 'graphql') };
  const sources = resolve(root, '.build/graphql');
  mkdirSync(sources, { recursive: true });
  writeFileSync(resolve(sources, 'schema.graphql'), 'type Query { hello: String }\n');
  return { routes, resolvers: [], graphqlSources: sources };
}
