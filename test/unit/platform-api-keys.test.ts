import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { handler as authorizer } from '../../functions/authorizer/handler.ts';
import { handler } from '../../functions/rest-platform/handler.ts';
import { queryPage } from '../../functions/shared/dynamo/table.ts';
import type { Role } from '../../functions/shared/route.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { callRest, type RestCall } from '../support/rest-call.ts';

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo.stop());

const call = (as: RestCall['as'], routeKey: string, rest: Omit<RestCall, 'routeKey' | 'as'> = {}) =>
  callRest(handler, { routeKey, as, ...rest });
const create = (as: RestCall['as'], body: unknown, headers?: Record<string, string>) =>
  call(as, 'POST /api/v1/api-keys', { body, headers });
const read = (as: RestCall['as'], id: string) => call(as, 'GET /api/v1/api-keys/{id}', { path: { id } });

async function authorize(key: string) {
  const { context } = (await authorizer({
    version: '2.0',
    headers: { authorization: `Bearer ${key}` },
  } as unknown as Parameters<typeof authorizer>[0])) as { context: Record<string, string> };
  return context;
}

const owner = { role: 'owner' as const };

describe('a new key', () => {
  test('is shown once and authorises as its role', async () => {
    const { status, body, headers } = await create(owner, {
      name: 'importer',
      role: 'worker',
      taskTypes: ['records.import'],
    });
    expect({ status, location: headers.location }).toEqual({
      status: 201,
      location: `/api/v1/api-keys/${body.id}`,
    });
    expect(await authorize(body.key)).toEqual({
      authenticated: 'true',
      tenantId: 'acme',
      subject: body.id,
      keyId: body.id,
      role: 'worker',
      taskTypes: 'records.import',
    });
    const { key: _key, ...withoutKey } = body;
    expect((await read(owner, body.id)).body).toEqual(withoutKey);
  });

  test('leaves its secret nowhere, not even in the idempotency record', async () => {
    const headers = { 'idempotency-key': 'make-one' };
    const first = await create(owner, { name: 'one', role: 'viewer' }, headers);
    const again = await create(owner, { name: 'one', role: 'viewer' }, headers);
    expect(again.status).toBe(201);
    expect(again.headers['idempotent-replayed']).toBe('true');
    const { key, ...withoutKey } = first.body;
    expect(again.body).toEqual(withoutKey);
    const secret = key.split('_')[2];
    for (const pk of [`system#key#${first.body.id}`, 'acme#key', 'acme#idempotency#make-one']) {
      const { items } = await queryPage({
        table: 'platform',
        key: { text: 'pk = :pk', values: { ':pk': pk } },
      });
      expect(items.length).toBeGreaterThan(0);
      expect(JSON.stringify(items)).not.toContain(secret);
    }
  });

  test.each<[Role, Role, number]>([
    ['owner', 'owner', 201],
    ['admin', 'admin', 201],
    ['admin', 'worker', 201],
    ['admin', 'owner', 403],
    ['manager', 'viewer', 403],
    ['worker', 'worker', 403],
  ])('made by role %s for role %s answers %i', async (role, wanted, status) => {
    expect((await create({ role }, { name: 'k', role: wanted })).status).toBe(status);
  });

  test.each<[string, string[] | undefined, number]>([
    ['one of them', ['emails.send'], 201],
    ['all of them', ['todo', 'emails.send'], 201],
    ['another one', ['emails.send', 'records.import'], 403],
    ['no limit', undefined, 403],
  ])('made by a key that is limited to task types, for %s, has no more', async (_what, taskTypes, status) => {
    const limited = { role: 'admin' as const, keyId: 'key_1', taskTypes: ['emails.send', 'todo'] };
    const { status: answered, body } = await create(limited, { name: 'k', role: 'worker', taskTypes });
    expect({ status: answered, code: body.code }).toEqual({
      status,
      ...(status === 403 && { code: 'forbidden' }),
    });
  });

  test.each([
    ['no name', { role: 'viewer' }, '/name', 'required'],
    ['an empty name', { name: ' ', role: 'viewer' }, '/name', 'too_short'],
    ['an unknown role', { name: 'k', role: 'root' }, '/role', 'invalid_value'],
    [
      'an end in the past',
      { name: 'k', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' },
      '/expiresAt',
      'invalid_value',
    ],
    [
      'an end without a zone',
      { name: 'k', role: 'viewer', expiresAt: '2999-01-01T00:00:00' },
      '/expiresAt',
      'invalid_format',
    ],
    [
      'a task type with a comma',
      { name: 'k', role: 'worker', taskTypes: ['a,b'] },
      '/taskTypes/0',
      'invalid_format',
    ],
    ['an unknown field', { name: 'k', role: 'viewer', scope: 'x' }, '/scope', 'unknown_field'],
  ])('with %s is refused', async (_what, input, pointer, code) => {
    const { status, body } = await create(owner, input);
    expect({ status, code: body.code, error: body.errors[0] }).toMatchObject({
      status: 422,
      code: 'validation_failed',
      error: { pointer, code },
    });
  });
});

describe('keys of a tenant', () => {
  const northwind = { tenantId: 'northwind', role: 'owner' as const };

  test('are listed newest first, a page at a time, and seen by no other tenant', async () => {
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c'])
      ids.unshift((await create(northwind, { name, role: 'viewer' })).body.id);
    const first = await call(northwind, 'GET /api/v1/api-keys', { query: { limit: '2' } });
    const second = await call(northwind, 'GET /api/v1/api-keys', {
      query: { limit: '2', cursor: first.body.page.nextCursor },
    });
    const listed = [...first.body.data, ...second.body.data].map(({ id }: { id: string }) => id);
    expect(listed).toEqual(ids);
    expect(second.body.page.nextCursor).toBeNull();
    const stolen = await call(owner, 'GET /api/v1/api-keys', {
      query: { cursor: first.body.page.nextCursor },
    });
    expect({ status: stolen.status, code: stolen.body.code }).toEqual({
      status: 400,
      code: 'invalid_cursor',
    });
    expect((await read(owner, ids[0] ?? '')).status).toBe(404);
  });

  test('end when they are deleted, and only by their own tenant', async () => {
    const { body } = await create(northwind, { name: 'doomed', role: 'viewer' });
    const remove = (as: RestCall['as']) =>
      call(as, 'DELETE /api/v1/api-keys/{id}', { path: { id: body.id } });
    expect((await remove(owner)).status).toBe(404);
    expect((await remove(northwind)).status).toBe(204);
    expect(await authorize(body.key)).toEqual({
      authenticated: 'false',
      reason: 'The API key is unknown or was revoked',
    });
    expect((await remove(northwind)).status).toBe(404);
    expect((await read(northwind, body.id)).status).toBe(404);
  });
});

test('me says who the caller is', async () => {
  const { status, body } = await call({ role: 'viewer', subject: 'v' }, 'GET /api/v1/me');
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      tenantId: 'acme',
      subject: 'v',
      role: 'viewer',
      permissions: ['self:read', 'records:read', 'tasks:read', 'settings:read'],
    },
  });
});

test('a caller who is nobody gets 401, whatever the route', async () => {
  const { status, body, headers } = await call(undefined, 'GET /api/v1/me');
  expect({ status, code: body.code, detail: body.detail }).toEqual({
    status: 401,
    code: 'unauthenticated',
    detail: 'no credentials',
  });
  expect(headers['www-authenticate']).toBe('Bearer');
});

test.each([
  ['token', undefined, 'The token has expired'],
  ['API key', 'key_1', 'The API key has expired'],
])('a %s that has expired since the gateway asked the authorizer gets 401', async (_what, keyId, detail) => {
  const second = Math.floor(Date.now() / 1_000);
  const me = (expiresAt: number) => call({ role: 'viewer', keyId, expiresAt }, 'GET /api/v1/me');
  expect((await me(second + 60)).status).toBe(200);
  const { status, body, headers } = await me(second - 1);
  expect({ status, code: body.code, detail: body.detail }).toEqual({
    status: 401,
    code: 'unauthenticated',
    detail,
  });
  expect(headers['www-authenticate']).toBe('Bearer');
});
