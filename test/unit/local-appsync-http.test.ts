import { afterEach, describe, expect, test } from '@jest/globals';
import { contactsFunction, type FieldEvent, startContacts } from '../support/appsync-contacts.ts';
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
      functions: {
        graphql: (event: FieldEvent | FieldEvent[]) => (Array.isArray(event) ? [1] : contactsFunction(event)),
      },
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
        graphql: (event: FieldEvent | (FieldEvent & { info: Record<string, unknown> })[]) => {
          if (!Array.isArray(event)) return contactsFunction(event);
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
      functions: { graphql: ({ arguments: args }: FieldEvent) => ({ id: args.id, name: 'root' }) },
    });
    expect((await query('{ contact(id: "1") { friend { name secret } } }')).data?.contact).toEqual({
      friend: { name: 'abc', secret: 'abc' },
    });
    expect((await query('{ contact(id: "early") { friend { name secret } } }')).data?.contact).toEqual({
      friend: { name: 'early', secret: 'a' },
    });
  });
});
