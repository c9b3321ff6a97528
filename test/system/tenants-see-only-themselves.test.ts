import { beforeAll, describe, expect, test } from '@jest/globals';
import { crmEntities } from '../../functions/crm/crm-entities.ts';
import type { Route } from '../../functions/shared/route.ts';
import { type Api, callerOf } from './support/api.ts';
import {
  guardedRoutes,
  namedByCaller,
  namesRecord,
  oneOfEach,
  pathOf,
  recordOf,
  sampleBody,
} from './support/route-samples.ts';

let victim: Api;
let stranger: Api;
let ids: Record<string, string>;

beforeAll(async () => {
  [victim, stranger] = await Promise.all([callerOf(), callerOf()]);
  ids = await oneOfEach(victim);
});

/** Everything that the victim has, as it sees it. */
async function snapshot(): Promise<unknown[]> {
  const paths = [
    ...crmEntities.map(({ collection }) => `/${collection}`),
    '/merges',
    '/api-keys',
    '/task-types',
    '/task-schedules',
    '/webhooks',
    `/tasks/${ids.tasks}/history`,
  ];
  const file = (await victim.get(`/api/v1/files/${ids.files}`)).body;
  const rest = await Promise.all(paths.map(async (path) => (await victim.get(`/api/v1${path}`)).body));
  // What the service does for the victim goes on meanwhile.
  const tasks: { executor: string }[] = (await victim.get('/api/v1/tasks')).body.data;
  return [file.sizeBytes, ...tasks.filter(({ executor }) => executor !== 'builtin'), ...rest];
}

// A name of the caller's own choice makes something in the caller's tenant.
const cases = guardedRoutes
  .filter((route) => !namedByCaller(route))
  .map((route): [string, Route] => [`${route.method} ${route.path}`, route]);

describe('with the ids of another tenant', () => {
  test.each(cases.filter(([, route]) => namesRecord(route)))(
    '%s finds nothing and changes nothing',
    async (_, route) => {
      const before = await snapshot();
      const answer = await stranger.call(route.method, pathOf(route, recordOf(route, ids)), {
        body: sampleBody(route),
      });
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(await snapshot()).toEqual(before);
    },
  );

  test.each(cases.filter(([, route]) => !namesRecord(route)))('%s shows nothing of it', async (_, route) => {
    const before = await snapshot();
    const answer = await stranger.call(route.method, pathOf(route, ''), { body: sampleBody(route) });
    expect(answer.status).toBeLessThan(500);
    for (const id of [...Object.values(ids), victim.tenantId]) expect(answer.text).not.toContain(id);
    expect(await snapshot()).toEqual(before);
  });

  test.each([
    ['POST', '/api/v1/contacts', () => ({ name: 'X', companyId: ids.companies }), 422],
    ['POST', '/api/v1/companies', () => ({ name: 'X', parentId: ids.companies }), 422],
    ['POST', '/api/v1/imports', () => ({ entity: 'contacts', fileKey: ids.files }), 404],
  ])('%s %s does not accept a reference to it', async (method, path, body, status) => {
    const answer = await stranger.call(method, path, { body: body() });
    expect(answer.status).toBe(status);
  });

  test('a batch neither changes nor deletes it', async () => {
    const before = await snapshot();
    const answer = await stranger.post('/api/v1/contacts/batch', {
      operations: [
        { op: 'update', id: ids.contacts, data: { title: 'stolen' } },
        { op: 'delete', id: ids.contacts },
        { op: 'create', data: { name: 'X', companyId: ids.companies } },
      ],
    });
    expect(answer.body.results.map(({ status }: { status: number }) => status)).toEqual([404, 404, 422]);
    expect(await snapshot()).toEqual(before);
  });

  test('a unique value is free in every tenant', async () => {
    const answer = await stranger.post('/api/v1/contacts', {
      name: 'Same',
      email: `${victim.tenantId}@x.example`,
    });
    expect(answer.status).toBe(201);
  });

  test('its tasks are not claimed', async () => {
    const answer = await stranger.post('/api/v1/tasks/claim', {
      types: [ids['task-types']],
      workerId: 'stranger',
    });
    expect(answer.text).not.toContain(ids.tasks);
    expect((await victim.get(`/api/v1/tasks/${ids.tasks}`)).body.state).toBe('ready');
  });
});

describe('the tenant', () => {
  test('is not taken from anything that the caller sends', async () => {
    const headers = { 'x-tenant-id': victim.tenantId, tenantid: victim.tenantId };
    expect((await stranger.get(`/api/v1/contacts/${ids.contacts}`, headers)).status).toBe(404);
    expect((await stranger.get(`/api/v1/contacts?tenantId=${victim.tenantId}`)).body.code).toBe(
      'unknown_parameter',
    );
    const body = { name: 'X', tenantId: victim.tenantId };
    expect((await stranger.post('/api/v1/contacts', body)).body.code).toBe('validation_failed');
  });
});
