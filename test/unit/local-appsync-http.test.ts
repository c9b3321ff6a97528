import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { signedPost } from '../../functions/shared/aws/signed-request.ts';
import {
  type AppSyncHarness,
  batchCode,
  type HarnessOptions,
  invokeCode,
  startAppSync,
} from '../support/appsync-harness.ts';

const schema = `
  type Company { id: ID! name: String! }
  type Contact { id: ID! name: String! email: AWSEmail since: AWSDateTime custom: AWSJSON company: Company secret: String friend: Contact }
  type Dashboard { total: Int! }
  input ContactInput { name: String! custom: AWSJSON since: AWSDateTime }
  type Query {
    contacts(tenantId: String, limit: Int): [Contact!]!
    contact(id: ID!): Contact
    dashboard: Dashboard
    internal: String @aws_iam
    shared: String @aws_iam @aws_lambda
  }
  type Mutation { createContact(input: ContactInput!): Contact }
`;

interface Event {
  field: string;
  arguments: Record<string, unknown>;
  source: Record<string, unknown> | null;
  identity: { resolverContext: Record<string, string> };
}

const people = [
  { id: 'con_1', name: 'Ann', email: 'ann@example.com', companyId: 'com_1' },
  { id: 'con_2', name: 'Bob', email: 'bob@example.com', companyId: 'com_2' },
  { id: 'con_3', name: 'Cy', email: null, companyId: 'com_1' },
];

/** The function behind the API: one event, or a batch of them. */
function graphql(event: Event | Event[]): unknown {
  if (Array.isArray(event))
    return event.map(({ source }) => ({ id: source?.companyId, name: `of ${source?.name}` }));
  if (event.field === 'contacts') return people.slice(0, (event.arguments.limit as number) ?? 50);
  if (event.field === 'contact') return people.find(({ id }) => id === event.arguments.id) ?? null;
  if (event.field === 'createContact') return { id: 'con_9', ...(event.arguments.input as object) };
  throw new TypeError(`nothing for ${event.field}`);
}

let harness: AppSyncHarness | undefined;
afterEach(async () => {
  await harness?.close();
  harness = undefined;
});
const start = async (options: Partial<HarnessOptions> = {}) => {
  harness = await startAppSync({
    schema,
    functions: { graphql },
    ...options,
    resolvers: [
      { place: 'Query.contacts', code: invokeCode },
      { place: 'Query.contact', code: invokeCode },
      { place: 'Query.dashboard', code: invokeCode },
      { place: 'Mutation.createContact', code: invokeCode },
      { place: 'Contact.company', code: batchCode, maxBatchSize: 100 },
      ...(options.resolvers ?? []),
    ],
  });
  return harness;
};

describe('GraphQL over HTTP', () => {
  test('a query is answered through the Lambda resolver with the authorizer’s context', async () => {
    const { query, invocations } = await start();
    const answer = await query(
      'query Q($n: Int) { contacts(tenantId: "x", limit: $n) { id n: name email } }',
      { n: 2 },
    );
    expect(answer).toEqual({
      status: 200,
      data: {
        contacts: [
          { id: 'con_1', n: 'Ann', email: 'ann@example.com' },
          { id: 'con_2', n: 'Bob', email: 'bob@example.com' },
        ],
      },
    });
    expect(invocations.map(({ name }) => name)).toEqual(['authorizer', 'graphql']);
    expect(invocations[0]?.event).toMatchObject({
      authorizationToken: 'northwind',
      requestContext: {
        accountId: '123456789012',
        queryString: expect.stringContaining('contacts(tenantId'),
        variables: { n: 2 },
      },
      requestHeaders: { authorization: 'northwind' },
    });
    expect(invocations[1]?.event).toMatchObject({
      arguments: { tenantId: 'x', limit: 2 },
      identity: { resolverContext: { tenantId: 'northwind' } },
    });
  });

  test('siblings of a nested field are one invocation', async () => {
    const { query, invocations } = await start();
    const answer = await query('{ contacts { name company { id name } } }');
    expect(answer.data?.contacts).toEqual([
      { name: 'Ann', company: { id: 'com_1', name: 'of Ann' } },
      { name: 'Bob', company: { id: 'com_2', name: 'of Bob' } },
      { name: 'Cy', company: { id: 'com_1', name: 'of Cy' } },
    ]);
    expect(invocations.filter(({ event }) => Array.isArray(event))).toHaveLength(1);
  });

  test('a batch that is not answered item by item fails for each of them', async () => {
    const { query } = await start({
      functions: { graphql: (event: Event | Event[]) => (Array.isArray(event) ? [1] : graphql(event)) },
    });
    const answer = await query('{ contacts { company { id } } }');
    expect(answer.data?.contacts).toEqual([{ company: null }, { company: null }, { company: null }]);
    expect(answer.errors?.map(({ errorType }) => errorType)).toEqual(Array(3).fill('Lambda:IllegalArgument'));
  });

  test('a direct Lambda resolver gets the context; in a batch each item has its data or its error', async () => {
    const seen: { info: Record<string, unknown> }[][] = [];
    const { query } = await start({
      resolvers: [{ place: 'Contact.friend', maxBatchSize: 2 }],
      functions: {
        graphql: (event: Event | (Event & { info: Record<string, unknown> })[]) => {
          if (!Array.isArray(event)) return graphql(event);
          seen.push(event);
          return event.map(({ source }) =>
            source?.name === 'Bob'
              ? { data: null, errorMessage: 'Bob is alone', errorType: 'not_found' }
              : { data: { id: 'con_7', name: `friend of ${source?.name}` } },
          );
        },
      },
    });
    const answer = await query(
      '{ contacts { friend { ...Name } } } fragment Name on Contact { name n2: name }',
    );
    expect(answer.data?.contacts).toEqual([
      { friend: { name: 'friend of Ann', n2: 'friend of Ann' } },
      { friend: null },
      { friend: { name: 'friend of Cy', n2: 'friend of Cy' } },
    ]);
    expect(answer.errors).toMatchObject([
      { path: ['contacts', 1, 'friend'], errorType: 'not_found', message: 'Bob is alone' },
    ]);
    expect(seen.map((batch) => batch.length)).toEqual([2, 1]);
    expect(seen[0]?.[0]?.info).toMatchObject({
      fieldName: 'friend',
      parentTypeName: 'Contact',
      selectionSetList: ['name', 'n2'],
      selectionSetGraphQL: '{\n  ... on Contact {\n    name\n    n2: name\n  }\n}',
    });
  });

  test('a function error is an entry of errors[] in AppSync’s shape', async () => {
    const { query } = await start();
    expect(await query('{ dashboard { total } }')).toEqual({
      status: 200,
      data: { dashboard: null },
      errors: [
        {
          path: ['dashboard'],
          data: null,
          errorType: 'Lambda:Unhandled',
          errorInfo: null,
          locations: [{ line: 1, column: 3, sourceName: null }],
          message: 'nothing for dashboard',
        },
      ],
    });
  });

  test('util.error carries type, data and info; util.appendError leaves the value', async () => {
    const code = `
      import { util } from '@aws-appsync/utils';
      export function request(ctx) { return { payload: null }; }
      export function response(ctx) {
        if (ctx.source.id === 'con_2') { util.error('broken', 'validation_failed', { at: 1 }, { hint: 'x' }); }
        util.appendError('partly', 'warning');
        return { id: ctx.source.id, name: util.authType() };
      }`;
    const { query } = await start({ resolvers: [{ place: 'Contact.friend', code, dataSource: 'none' }] });
    const fine = await query('{ contact(id: "con_1") { friend { id name } } }');
    expect(fine.data).toEqual({ contact: { friend: { id: 'con_1', name: 'Lambda Authorization' } } });
    expect(fine.errors).toMatchObject([
      { path: ['contact', 'friend'], errorType: 'warning', message: 'partly', locations: [{ line: 1 }] },
    ]);
    const broken = await query('{ contact(id: "con_2") { friend { id } } }');
    expect(broken.data).toEqual({ contact: { friend: null } });
    expect(broken.errors).toMatchObject([
      { errorType: 'validation_failed', message: 'broken', data: { at: 1 }, errorInfo: { hint: 'x' } },
    ]);
  });

  test('null where the schema promises a value moves up to the first nullable parent', async () => {
    const { query } = await start({ functions: { graphql: () => ({ name: 'no id' }) } });
    expect(await query('{ contact(id: "x") { id name } }')).toMatchObject({
      data: { contact: null },
      errors: [
        {
          path: ['contact', 'id'],
          message: "Cannot return null for non-nullable type: 'id' within parent 'Contact' (/contact/id)",
        },
      ],
    });
  });

  test('scalars are checked on their way in and out; AWSJSON is a string outside and a value inside', async () => {
    const { query, invocations } = await start();
    const create = 'mutation M($i: ContactInput!) { createContact(input: $i) { custom since } }';
    const good = await query(create, {
      i: { name: 'D', custom: '{"a":[{}]}', since: '2026-02-28T10:00:00.000Z' },
    });
    expect(good.data?.createContact).toEqual({ custom: '{"a":[{}]}', since: '2026-02-28T10:00:00.000Z' });
    expect(invocations.at(-1)?.event).toMatchObject({ arguments: { input: { custom: { a: [{}] } } } });

    for (const i of [
      { name: 'D', custom: '{broken' },
      { name: 'D', since: '2026-02-30T10:00:00Z' },
      { name: 'D', since: '2026-02-28T10:00:00' },
      { name: 5 },
    ]) {
      const bad = await query(create, { i });
      expect(bad).toMatchObject({
        status: 200,
        data: null,
        errors: [{ path: null, errorType: 'ValidationError' }],
      });
    }
    await harness?.close();
    const wrong = await start({
      functions: { graphql: () => ({ id: '1', name: 'x', email: 'no address' }) },
    });
    expect(await wrong.query('{ contact(id: "1") { name email } }')).toMatchObject({
      data: { contact: { name: 'x', email: null } },
      errors: [
        { message: "Can't serialize value (/contact/email) : Expected type 'AWSEmail' but was 'no address'" },
      ],
    });
  });

  test('limits of depth and resolvers come as errors on the fields beyond them', async () => {
    const { query } = await start({ api: { QueryDepthLimit: 2, ResolverCountLimit: 2 } });
    expect(await query('{ contact(id: "con_1") { name company { id } } }')).toMatchObject({
      data: { contact: { name: 'Ann', company: null } },
      errors: [{ path: ['contact', 'company', 'id'], errorType: 'QueryDepthLimitReached' }],
    });
    const many = await query(
      '{ a: contact(id: "1") { id } b: contact(id: "2") { id } c: contact(id: "3") { id } }',
    );
    expect(many.errors).toMatchObject([{ path: ['c'], errorType: 'ResolverExecutionLimitReached' }]);
  });

  test('introspection can be off', async () => {
    const { query } = await start({ api: { IntrospectionConfig: 'DISABLED' } });
    expect(await query('{ __schema { types { name } } }')).toMatchObject({
      data: null,
      errors: [{ errorType: 'ValidationError' }, {}],
    });
    expect((await query('{ __typename }')).data).toEqual({ __typename: 'Query' });
  });

  test.each([
    ['no JSON', '{', 400, 'MalformedHttpRequestException'],
    ['no query', '{"variables":{}}', 400, 'MalformedHttpRequestException'],
    [
      'variables that are no object',
      '{"query":"{ __typename }","variables":[]}',
      400,
      'MalformedHttpRequestException',
    ],
    [
      'an unknown operation',
      '{"query":"query A { __typename }","operationName":"B"}',
      400,
      'BadRequestException',
    ],
    [
      '2 MB',
      JSON.stringify({ query: `{ __typename } #${'x'.repeat(2 ** 21)}` }),
      413,
      'RequestEntityTooLargeException',
    ],
  ])('a body with %s is refused', async (_, body, status, errorType) => {
    const { url } = await start();
    const response = await fetch(url, { method: 'POST', headers: { authorization: 'northwind' }, body });
    expect([response.status, await response.json()]).toEqual([
      status,
      { errors: [{ errorType, message: expect.any(String) }] },
    ]);
  });

  test('syntax and unknown fields are errors without data', async () => {
    const { query } = await start();
    expect(await query('{ contacts { ')).toMatchObject({
      status: 200,
      data: null,
      errors: [{ errorType: 'SyntaxError' }],
    });
    expect(await query('{ contacts { age } }')).toMatchObject({
      status: 200,
      data: null,
      errors: [{ errorType: 'ValidationError', message: expect.stringContaining('"age"') }],
    });
  });

  test('a web page of another origin may call', async () => {
    const { url } = await start();
    const response = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://app.example' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-headers')).toContain('authorization');
  });

  test('requests, latency and refusals are measured per API', async () => {
    const { query, context } = await start();
    await query('{ __typename }');
    await query('{ __typename }', {}, {});
    const sum = (name: string) =>
      context.measured.filter((datum) => datum.name === name).reduce((total, { value }) => total + value, 0);
    expect([sum('Requests'), sum('4XXError'), sum('5XXError')]).toEqual([2, 1, 0]);
    expect(context.measured[0]).toMatchObject({
      namespace: 'AWS/AppSync',
      dimensions: { GraphQLAPIId: expect.stringMatching(/^\w{26}$/) },
    });
  });

  test('a pipeline hands results on, shares the stash and may return early', async () => {
    const step = (text: string) => `
      import { runtime } from '@aws-appsync/utils';
      export function request(ctx) {
        if (ctx.args.id === 'early' && '${text}' === 'b') { runtime.earlyReturn({ id: 'e', name: 'early' }, { skipTo: 'END' }); }
        ctx.stash.trace = (ctx.stash.trace ?? '') + '${text}';
        return { payload: { id: '1', name: (ctx.prev.result?.name ?? '') + '${text}' } };
      }
      export function response(ctx) { return ctx.result; }`;
    const { query } = await start({
      resolvers: [
        {
          place: 'Contact.friend',
          code: `export function request(ctx) { return {}; }
                 export function response(ctx) { return { ...ctx.prev.result, email: null, secret: ctx.stash.trace }; }`,
          pipeline: ['a', 'b', 'c'].map((text) => ({
            code: step(text).replaceAll('ctx.args.id', 'ctx.source.id'),
            dataSource: 'none',
          })),
        },
      ],
      functions: { graphql: ({ arguments: args }: Event) => ({ id: args.id, name: 'root' }) },
    });
    expect((await query('{ contact(id: "1") { friend { name secret } } }')).data?.contact).toEqual({
      friend: { name: 'abc', secret: 'abc' },
    });
    expect((await query('{ contact(id: "early") { friend { name secret } } }')).data?.contact).toEqual({
      friend: { name: 'early', secret: 'a' },
    });
  });
});

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
      functions: { graphql, authorizer: () => ({ isAuthorized: true, deniedFields: ['Contact.email'] }) },
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

describe('a template that AppSync would not take fails the start', () => {
  test.each<[string, Partial<HarnessOptions>, RegExp]>([
    [
      'a schema that does not parse',
      { schema: 'type Query {' },
      /the schema is not valid: line 1, column 13: Syntax Error/,
    ],
    ['a schema with an unknown type', { schema: 'type Query { a: Nope }' }, /Unknown type "?Nope"?/],
    ['a custom scalar', { schema: 'scalar Money type Query { a: Money }' }, /no custom scalars: "Money"/],
    [
      'a resolver on a missing field',
      { resolvers: [{ place: 'Query.nope', code: invokeCode }] },
      /the type Query has no field "nope"/,
    ],
    [
      'a resolver on a missing type',
      { resolvers: [{ place: 'Nope.a', code: invokeCode }] },
      /the schema has no object type "Nope"/,
    ],
    [
      'code that APPSYNC_JS does not have',
      { resolvers: [{ place: 'Contact.friend', code: 'async function a() {}' }] },
      /"async"/,
    ],
    [
      'code without a response handler',
      { resolvers: [{ place: 'Contact.friend', code: 'export function request() {}' }] },
      /must export the functions request and response/,
    ],
    [
      'an unsupported authentication type',
      { api: { AuthenticationType: 'API_KEY' } },
      /authentication type API_KEY is not supported locally/,
    ],
    ['an unknown property', { api: { Caching: true } }, /Caching/],
    ['an authorizer that AppSync may not invoke', { permitted: false }, /no AWS::Lambda::Permission/],
    [
      'a subscription on a missing mutation',
      { schema: `${schema} type Subscription { s: Contact @aws_subscribe(mutations: ["nope"]) }` },
      /there is no mutation "nope"/,
    ],
    [
      'a subscription of another type than its mutation',
      { schema: `${schema} type Subscription { s: Company @aws_subscribe(mutations: ["createContact"]) }` },
      /s is of type Company, but its mutation createContact of Contact/,
    ],
  ])('%s', async (_, options, message) => {
    await expect(start(options)).rejects.toThrow(message);
  });
});
