import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Route } from '../../functions/shared/route.ts';
import { permissions, type Role } from '../../functions/shared/route.ts';
import { type Answer, type Api, callerOf, issueToken, type PersonRole, sharedStack } from './support/api.ts';
import { guardedRoutes, namedByCaller, namesRecord, pathOf, sampleBody } from './support/route-samples.ts';

let api: Api;
let expired: string;

beforeAll(async () => {
  api = await callerOf();
  expired = await issueToken(sharedStack(), { tenantId: api.tenantId, role: 'owner', expiresInSeconds: -60 });
});

const cases = guardedRoutes.map((route): [string, Route] => [`${route.method} ${route.path}`, route]);
const withBody = cases.filter(([, route]) => route.body);
const nobodysId = 'con_01ARZ3NDEKTSV4RRFFQ69G5FAV';

function send(
  route: Route,
  options: { body?: unknown; query?: string; token?: string | null; caller?: Api } = {},
) {
  const path = `${pathOf(route, nobodysId)}${options.query ?? ''}`;
  const body = options.body ?? sampleBody(route);
  return (options.caller ?? api).call(route.method, path, { body, token: options.token });
}

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer).toMatchObject({
    status,
    body: { status, code, title: expect.any(String), traceId: expect.any(String) },
  });
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.text).not.toMatch(/node_modules|\.ts:|\.mjs:|tandem-dev|arn:aws/);
}

describe.each(cases)('%s', (_, route) => {
  test('needs a caller', async () => {
    expectProblem(await send(route, { token: null }), 401, 'unauthenticated');
    expectProblem(await send(route, { token: 'nonsense' }), 401, 'unauthenticated');
    expectProblem(await send(route, { token: expired }), 401, 'unauthenticated');
    expectProblem(await send(route, { token: `${api.token.slice(0, -6)}AAAAAA` }), 401, 'unauthenticated');
  });

  test('refuses a parameter that it does not know', async () => {
    expectProblem(await send(route, { query: '?surprise=1' }), 400, 'unknown_parameter');
  });

  test('is refused to roles that may not', async () => {
    const allowed: readonly Role[] = permissions[route.permission];
    const people: PersonRole[] = ['admin', 'manager', 'member', 'viewer'];
    for (const role of people.filter((candidate) => !allowed.includes(candidate))) {
      expectProblem(await send(route, { caller: await api.as(role) }), 403, 'forbidden');
    }
  });
});

describe.each(withBody)('%s', (_, route) => {
  test('refuses what is not JSON', async () => {
    for (const body of ['{"name":', '{name:1}', 'null null']) {
      expectProblem(await send(route, { body }), 400, 'malformed_json');
    }
  });

  test('refuses what is not the right JSON', async () => {
    for (const body of ['null', '[]', '7', '"text"']) {
      expectProblem(await send(route, { body }), 422, 'validation_failed');
    }
    const answer = await send(route, { body: { ...sampleBody(route), surpriseField: 1 } });
    expectProblem(answer, 422, 'validation_failed');
    expect(answer.body.errors).toContainEqual(
      expect.objectContaining({ pointer: '/surpriseField', code: 'unknown_field' }),
    );
  });

  test('refuses a body that is too large', async () => {
    const body = JSON.stringify({ ...sampleBody(route), padding: 'x'.repeat(1_100_000) });
    expectProblem(await send(route, { body }), 413, 'payload_too_large');
  });
});

describe.each(cases.filter(([, route]) => namesRecord(route) && !namedByCaller(route)))('%s', (_, route) => {
  test('answers 404 for a record that never existed', async () => {
    expectProblem(await send(route), 404, 'not_found');
  });
});

describe('any other path', () => {
  test.each([
    ['GET', '/'],
    ['GET', '/api/v1/nothing'],
    ['DELETE', '/api/v1/contacts'],
    ['GET', '/api/v1/contacts/a/b/c'],
    ['POST', '/api/system/health'],
    ['GET', '/api/v1/%2e%2e/%2e%2e/etc/passwd'],
  ])('%s %s is a 404 problem', async (method, path) => {
    expectProblem(await api.call(method, path), 404, 'not_found');
  });
});
