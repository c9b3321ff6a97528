import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { signedPost } from '../../functions/shared/aws/signed-request.ts';
import { contactsFunction, startContacts } from '../support/appsync-contacts.ts';
import type { AppSyncHarness, HarnessOptions } from '../support/appsync-harness.ts';

let harness: AppSyncHarness | undefined;
afterEach(async () => {
  await harness?.close();
  harness = undefined;
});
const start = async (options: Partial<HarnessOptions> = {}) => {
  harness = await startContacts(options);
  return harness;
};

describe('authorization', () => {
  test.each([
    ['no header', {}, 401, 'UnauthorizedException', 'Missing authorization header'],
    [
      'a refused token',
      { authorization: 'nobody' },
      401,
      'UnauthorizedException',
      'You are not authorized to make this call.',
    ],
    [
      'a signature for another service',
      {
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIA1/20260101/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0',
      },
      403,
      'InvalidSignatureException',
      "Credential should be scoped to correct service: 'appsync'.",
    ],
    [
      'an unknown access key',
      {
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIA1/20260101/us-east-1/appsync/aws4_request, SignedHeaders=host, Signature=0',
      },
      403,
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    ],
  ])('%s', async (_, headers, status, errorType, message) => {
    const { url, invocations } = await start();
    const response = await fetch(url, { method: 'POST', headers, body: '{"query":"{ __typename }"}' });
    expect([response.status, await response.json()]).toEqual([status, { errors: [{ errorType, message }] }]);
    expect(invocations.filter(({ name }) => name === 'graphql')).toEqual([]);
  });

  test('the authorizer is asked once per token while its answer lives', async () => {
    const { query, invocations } = await start();
    for (const token of ['a', 'a', 'b', 'nobody', 'nobody'])
      await query('{ __typename }', {}, { authorization: token });
    expect(invocations.filter(({ name }) => name === 'authorizer')).toHaveLength(3);
  });

  test('a ttlOverride of 0 is not cached, and a failing authorizer lets nobody in', async () => {
    let calls = 0;
    const { query } = await start({
      functions: {
        authorizer: () => {
          calls += 1;
          if (calls === 3) throw new Error('down');
          return { isAuthorized: true, ttlOverride: 0 };
        },
      },
    });
    for (const status of [200, 200, 401, 200]) expect((await query('{ __typename }')).status).toBe(status);
    expect(harness?.context.lines).toEqual(['appsync: the authorizer failed: Error: down']);
  });

  test('denied fields are withheld', async () => {
    const { query } = await start({
      functions: {
        graphql: contactsFunction,
        authorizer: () => ({ isAuthorized: true, deniedFields: ['Contact.email'] }),
      },
    });
    expect(await query('{ contact(id: "con_1") { name email } }')).toMatchObject({
      data: { contact: { name: 'Ann', email: null } },
      errors: [
        {
          path: ['contact', 'email'],
          errorType: 'Unauthorized',
          message: 'Not Authorized to access email on type Contact',
        },
      ],
    });
  });

  test('fields let in only the modes of their directives', async () => {
    const { query } = await start({
      context: {
        credentials: {
          environment: () => ({}),
          principalOf: (key) =>
            key === 'AKIALOCAL' ? { roleArn: 'arn:aws:iam::123456789012:role/changes' } : undefined,
        },
      },
    });
    const signed = {
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIALOCAL/20260101/us-east-1/appsync/aws4_request, SignedHeaders=host, Signature=0',
    };
    const both = '{ internal shared }';
    expect(await query(both)).toMatchObject({
      data: { internal: null, shared: null },
      errors: [{ path: ['internal'], errorType: 'Unauthorized' }],
    });
    const iam = await query(both, {}, signed);
    expect(iam).toEqual({ status: 200, data: { internal: null, shared: null } });
    expect(await query('{ contact(id: "1") { id } }', {}, signed)).toMatchObject({
      errors: [{ message: 'Not Authorized to access contact on type Query' }],
    });
  });
});

describe('a function that signs its requests', () => {
  const credentials = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIALOCAL',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'session',
  };
  const before = { ...process.env };
  beforeAll(() => void Object.assign(process.env, credentials));
  afterAll(() => {
    for (const name of Object.keys(credentials)) {
      const value = before[name];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  test('is let in as its role', async () => {
    const { url } = await start({
      context: {
        credentials: {
          environment: () => ({}),
          principalOf: (key) =>
            key === 'AKIALOCAL' ? { roleArn: 'arn:aws:iam::123456789012:role/changes' } : undefined,
        },
      },
      resolvers: [
        {
          place: 'Query.internal',
          dataSource: 'none',
          code: `import { util } from '@aws-appsync/utils';
                 export function request(ctx) { return { payload: ctx.identity.userArn + ' by ' + util.authType() }; }
                 export function response(ctx) { return ctx.result; }`,
        },
      ],
    });
    const response = await signedPost({
      service: 'appsync',
      url: new URL(url),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ internal }' }),
      timeoutMillis: 5000,
    });
    expect(await response.json()).toEqual({
      data: { internal: 'arn:aws:sts::123456789012:assumed-role/changes/local by IAM Authorization' },
    });
  });
});
