import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { handler } from '../../functions/authorizer/handler.ts';
import { apiKeyItemKey } from '../../functions/platform/api-keys/api-key-items.ts';
import { issueApiKey } from '../../functions/platform/identity/api-key-token.ts';
import { putItem } from '../../functions/shared/dynamo/table.ts';
import { newId } from '../../functions/shared/ids.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { startIssuer, type TestIssuer } from '../support/token-issuer.ts';

let dynamo: TestDynamo;
let issuer: TestIssuer;

beforeAll(async () => {
  dynamo = await startDynamo();
  issuer = await startIssuer();
});

afterAll(async () => {
  await issuer.stop();
  await dynamo.stop();
});

type RestEvent = Parameters<typeof handler>[0];

const rest = (authorization?: string) =>
  handler({
    version: '2.0',
    type: 'REQUEST',
    headers: authorization === undefined ? {} : { authorization },
  } as unknown as RestEvent) as Promise<{ isAuthorized: boolean; context: Record<string, string> }>;

const graphql = (authorizationToken: string) =>
  handler({ authorizationToken, requestContext: {}, requestHeaders: {} } as unknown as RestEvent) as Promise<{
    isAuthorized: boolean;
    resolverContext?: Record<string, string>;
    ttlOverride: number;
  }>;

async function reasonFor(authorization?: string): Promise<string | undefined> {
  const { isAuthorized, context } = await rest(authorization);
  expect(isAuthorized).toBe(true);
  expect(Object.keys(context).sort()).toEqual(['authenticated', 'reason']);
  expect(context.authenticated).toBe('false');
  return context.reason;
}

async function storeKey(members: Record<string, unknown> = {}): Promise<string> {
  const keyId = newId('key');
  const { token, secretHash } = issueApiKey(keyId);
  await putItem('platform', {
    ...apiKeyItemKey(keyId),
    keyId,
    tenantId: 'acme',
    role: 'worker',
    secretHash,
    ...members,
  });
  return token;
}

describe('a token', () => {
  test('of our issuer gives its tenant, subject and role', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 600;
    const { context } = await rest(`Bearer ${await issuer.token({ exp })}`);
    expect(context).toEqual({
      authenticated: 'true',
      tenantId: 'acme',
      subject: 'user-1',
      role: 'member',
      expiresAt: String(exp),
    });
  });

  test('may carry tenant and role as Cognito attributes', async () => {
    const token = await issuer.token({
      tenantId: undefined,
      role: undefined,
      'custom:tenantId': 'northwind',
      'custom:role': 'owner',
    });
    expect((await rest(`bearer ${token}`)).context).toMatchObject({ tenantId: 'northwind', role: 'owner' });
  });

  const now = () => Math.floor(Date.now() / 1_000);
  test.each([
    ['has expired', { exp: now() - 60 }, 'The token has expired'],
    ['never expires', { exp: undefined }, 'The token was not issued for this service, or not yet valid'],
    ['begins later', { nbf: now() + 600 }, 'The token was not issued for this service, or not yet valid'],
    [
      'is of another issuer',
      { iss: 'https://evil.example' },
      'The token was not issued for this service, or not yet valid',
    ],
    [
      'is for another audience',
      { aud: 'other' },
      'The token was not issued for this service, or not yet valid',
    ],
    ['has no tenant', { tenantId: undefined }, 'The token names no tenant'],
    ['has a tenant that would break keys', { tenantId: 'acme#task' }, 'The token names no tenant'],
    ['claims the system partition', { tenantId: 'system' }, 'The token names no tenant'],
    ['has an unknown role', { role: 'root' }, 'The token names no known role'],
    ['is a person as worker', { role: 'worker' }, 'The token names no known role'],
    ['has no subject', { sub: undefined }, 'The token names no subject'],
  ])('that %s is refused', async (_name, claims, reason) => {
    expect(await reasonFor(`Bearer ${await issuer.token(claims)}`)).toBe(reason);
  });

  test('signed with another key is refused', async () => {
    const wrongKey = await issuer.token({}, { foreignKey: true });
    const unknownKey = await issuer.token({}, { foreignKey: true, kid: 'k2' });
    for (const token of [wrongKey, unknownKey]) {
      expect(await reasonFor(`Bearer ${token}`)).toBe('The signature of the token does not verify');
    }
  });

  test('whose payload was changed is refused', async () => {
    const [header, , signature] = (await issuer.token()).split('.');
    const payload = Buffer.from(JSON.stringify({ tenantId: 'other', role: 'owner' })).toString('base64url');
    expect(await reasonFor(`Bearer ${header}.${payload}.${signature}`)).toBe(
      'The signature of the token does not verify',
    );
  });

  test.each(['none', 'HS256'])('with the algorithm %s is refused', async (alg) => {
    const [, payload] = (await issuer.token()).split('.');
    const head = `${Buffer.from(JSON.stringify({ alg, kid: 'k1' })).toString('base64url')}.${payload}`;
    const signature = alg === 'none' ? '' : createHmac('sha256', 'k').update(head).digest('base64url');
    expect(await reasonFor(`Bearer ${head}.${signature}`)).toMatch(/malformed|does not verify/);
  });
});

describe('an API key', () => {
  test('gives its tenant, role, id and task types', async () => {
    const token = await storeKey({ taskTypes: ['records.import', 'todo'] });
    const { context } = await rest(`Bearer ${token}`);
    expect(context).toEqual({
      authenticated: 'true',
      tenantId: 'acme',
      role: 'worker',
      subject: `key_${token.split('_')[1]}`,
      keyId: `key_${token.split('_')[1]}`,
      taskTypes: 'records.import,todo',
    });
  });

  test('says when it ends, if it does', async () => {
    const token = await storeKey({ expiresAt: '2999-01-01T00:00:00.000Z' });
    expect((await rest(`Bearer ${token}`)).context.expiresAt).toBe(
      String(Date.parse('2999-01-01T00:00:00Z') / 1_000),
    );
  });

  test('that has expired is refused', async () => {
    const token = await storeKey({ expiresAt: '2020-01-01T00:00:00.000Z' });
    expect(await reasonFor(`Bearer ${token}`)).toBe('The API key has expired');
  });

  test('with a wrong secret and an unknown one get the same answer', async () => {
    const token = await storeKey();
    const wrong = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
    const unknown = issueApiKey(newId('key')).token;
    for (const key of [wrong, unknown]) {
      expect(await reasonFor(`Bearer ${key}`)).toBe('The API key is unknown or was revoked');
    }
  });

  test('that is cut short is refused', async () => {
    expect(await reasonFor('Bearer tdm_01ARZ3NDEKTSV4RRFFQ69G5FAV_abc')).toBe('The API key is malformed');
  });
});

describe('no usable credential', () => {
  test.each([undefined, '', 'none'])('%p asks for one', async (header) => {
    expect(await reasonFor(header)).toBe('Send a bearer token or an API key in the Authorization header');
  });

  test.each([
    [
      'of another scheme',
      'Basic dXNlcjpwYXNz',
      'The Authorization header must be: Bearer <token or API key>',
    ],
    ['of a scheme only', 'Bearer', 'The token is malformed'],
    ['of two tokens', 'Bearer a b', 'The Authorization header must be: Bearer <token or API key>'],
    ['of anything', 'Bearer not-a-token', 'The token is malformed'],
    ['of 9 000 characters', `Bearer ${'a'.repeat(9_000)}`, 'The credential is too long'],
  ])('a header %s is refused', async (_name, header, reason) => {
    expect(await reasonFor(header)).toBe(reason);
  });
});

describe('for AppSync', () => {
  test('a good token is let in, with the same context, no longer than it lives', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 10;
    const { isAuthorized, resolverContext, ttlOverride } = await graphql(await issuer.token({ exp }));
    expect({ isAuthorized, resolverContext }).toEqual({
      isAuthorized: true,
      resolverContext: {
        authenticated: 'true',
        tenantId: 'acme',
        subject: 'user-1',
        role: 'member',
        expiresAt: String(exp),
      },
    });
    expect(ttlOverride).toBeLessThanOrEqual(10);
  });

  test('anything else is not', async () => {
    expect(await graphql('Bearer nothing')).toEqual({ isAuthorized: false, ttlOverride: 0 });
  });
});
