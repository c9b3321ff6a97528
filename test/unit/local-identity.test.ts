import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { type DataDirectory, openDataDirectory } from '../../local/data-directory.ts';
import { type IdentityService, startIdentityService } from '../../local/identity/identity-service.ts';

let directory: string;
let data: DataDirectory;
let identity: IdentityService;
let audience: string;

const settings = { region: 'us-east-1', accountId: '000000000000' };

const start = async (): Promise<void> => {
  identity = await startIdentityService(settings, data);
  const pool = await identity.providers['AWS::Cognito::UserPool']?.create({
    logicalId: 'Pool',
    type: 'AWS::Cognito::UserPool',
    properties: {},
  });
  expect(pool?.attributes.ProviderURL).toBe(identity.issuer);
  const client = await identity.providers['AWS::Cognito::UserPoolClient']?.create({
    logicalId: 'Client',
    type: 'AWS::Cognito::UserPoolClient',
    properties: { UserPoolId: pool?.ref },
  });
  audience = client?.ref ?? '';
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-identity-'));
  data = openDataDirectory(directory);
  await start();
});

afterEach(async () => {
  await identity.stop?.();
  data.release();
  rmSync(directory, { recursive: true });
});

/** Verifies as the authorizer does. */
const verify = (token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${identity.issuer}/.well-known/jwks.json`)), {
    issuer: identity.issuer,
    audience,
  });

const ask = (body: string, type = 'application/json') =>
  fetch(`${identity.issuer}/token`, { method: 'POST', headers: { 'content-type': type }, body });

describe('a token', () => {
  test('verifies against the published keys and carries tenant and role as the contract and as Cognito name them', async () => {
    const response = await ask(JSON.stringify({ tenantId: 'acme', role: 'viewer', sub: 'u1', name: 'Ann' }));
    const answer = (await response.json()) as { id_token: string; expires_in: number };
    expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    const { payload, protectedHeader } = await verify(answer.id_token);
    expect(protectedHeader.alg).toBe('RS256');
    expect(payload).toMatchObject({
      sub: 'u1',
      name: 'Ann',
      tenantId: 'acme',
      role: 'viewer',
      'custom:tenantId': 'acme',
      'custom:role': 'viewer',
      token_use: 'id',
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
  });

  test('can be asked for with a form', async () => {
    const form = new URLSearchParams({ tenantId: 'acme', role: 'owner', expiresInSeconds: '60' });
    const response = await ask(form.toString(), 'application/x-www-form-urlencoded');
    const { id_token } = (await response.json()) as { id_token: string };
    expect(decodeJwt(id_token)).toMatchObject({ sub: 'owner@acme', role: 'owner' });
  });

  test('can be expired already', async () => {
    const token = await identity.issueToken({ tenantId: 'acme', role: 'owner', expiresInSeconds: -10 });
    await expect(verify(token)).rejects.toThrow('"exp" claim timestamp check failed');
  });

  test('outlives a restart on the same data directory', async () => {
    const token = await identity.issueToken({ tenantId: 'acme', role: 'owner' });
    const { issuer } = identity;
    await identity.stop?.();
    await start();
    expect(identity.issuer).toBe(issuer);
    await expect(verify(token)).resolves.toBeDefined();
  });
});

test.each([
  [{ tenantId: 'acme', role: 'worker' }, '/role: must be one of'],
  [{ role: 'owner' }, '/tenantId: is required'],
  [{ tenantId: 'acme', role: 'owner', tenat: 'x' }, '/tenat: unknown field'],
  [{ tenantId: 'acme', role: 'owner', expiresInSeconds: 1.5 }, '/expiresInSeconds:'],
  [[], 'body'],
])('a request for %j is refused with what is wrong', async (body, message) => {
  const response = await ask(JSON.stringify(body));
  expect(response.status).toBe(400);
  const { error, error_description } = (await response.json()) as Record<string, string>;
  expect(error).toBe('invalid_request');
  expect(error_description).toContain(message);
});

test('discovery leads to the keys', async () => {
  const response = await fetch(`${identity.issuer}/.well-known/openid-configuration`);
  expect(await response.json()).toMatchObject({
    issuer: identity.issuer,
    jwks_uri: `${identity.issuer}/.well-known/jwks.json`,
  });
});
