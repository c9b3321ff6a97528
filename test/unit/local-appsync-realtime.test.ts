import { afterEach, describe, expect, test } from '@jest/globals';
import {
  type AppSyncHarness,
  echoCode,
  type HarnessOptions,
  startAppSync,
} from '../support/appsync-harness.ts';
import {
  connectRealtime,
  type RealtimeClient,
  type RealtimeClientOptions,
} from '../support/realtime-client.ts';

const schema = `
  type Change @aws_iam @aws_lambda { tenantId: ID! entity: String! id: ID! at: AWSDateTime count: Int tags: [String] owner: Owner }
  type Owner @aws_iam @aws_lambda { id: ID name: String }
  input OwnerInput { id: ID name: String }
  input ChangeInput { tenantId: ID! entity: String! id: ID! at: AWSDateTime count: Int tags: [String] owner: OwnerInput }
  type Query { ping: String }
  type Mutation {
    publish(input: ChangeInput!): Change
    kick(input: ChangeInput!): Change
  }
  type Subscription {
    plain(entity: String, id: ID): Change @aws_subscribe(mutations: ["publish"])
    mine(entity: String): Change @aws_subscribe(mutations: ["publish"])
    strict: Change! @aws_subscribe(mutations: ["publish"])
    refused: Change @aws_subscribe(mutations: ["publish"])
  }
`;
/** The tenant comes from the verified identity, whatever the arguments say. */
const mineCode = `
  import { util, extensions } from '@aws-appsync/utils';
  export function request(ctx) { return { payload: null }; }
  export function response(ctx) {
    const tenant = { eq: ctx.identity.resolverContext.tenantId };
    extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter(
      ctx.args.entity ? { tenantId: tenant, entity: { in: [ctx.args.entity, 'all'] } } : { tenantId: tenant }));
    extensions.setSubscriptionInvalidationFilter({ filterGroup: [{ filters: [{ fieldName: 'tenantId', operator: 'eq', value: ctx.identity.resolverContext.tenantId }] }] });
    return null;
  }
`;
const kickCode = `
  import { extensions } from '@aws-appsync/utils';
  export function request(ctx) { return { payload: ctx.args.input }; }
  export function response(ctx) {
    extensions.invalidateSubscriptions({ subscriptionField: 'mine', payload: { tenantId: ctx.args.input.tenantId } });
    return ctx.result;
  }
`;
const refusedCode = `
  import { util } from '@aws-appsync/utils';
  export function request(ctx) { util.error('not for you', 'forbidden'); }
  export function response(ctx) { return null; }
`;

let harness: AppSyncHarness;
const clients: RealtimeClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await harness?.close();
});
const start = async (options: Partial<HarnessOptions> = {}) => {
  harness = await startAppSync({
    schema,
    resolvers: [
      { place: 'Mutation.publish', code: echoCode, dataSource: 'none' },
      { place: 'Mutation.kick', code: kickCode, dataSource: 'none' },
      { place: 'Subscription.mine', code: mineCode, dataSource: 'none' },
      { place: 'Subscription.strict', code: mineCode, dataSource: 'none' },
      { place: 'Subscription.refused', code: refusedCode, dataSource: 'none' },
    ],
    ...options,
  });
};
const connect = async (token = 'northwind', options: RealtimeClientOptions = {}) => {
  const client = await connectRealtime(harness.url, token, options);
  clients.push(client);
  return client;
};
const everything = 'tenantId entity id at count tags owner { id name }';
const publish = (input: Record<string, unknown>, selection = everything) =>
  harness.query(`mutation P($input: ChangeInput!) { publish(input: $input) { ${selection} } }`, {
    input: { tenantId: 'northwind', entity: 'contact', id: 'con_1', ...input },
  });

describe('AppSync’s real-time protocol', () => {
  test('init, ack, keep-alive, start, data, stop, complete', async () => {
    await start();
    const client = await connect();
    expect(client.subprotocol).toBe('graphql-ws');
    client.send({ type: 'connection_init' });
    expect(await client.next()).toEqual({
      type: 'connection_ack',
      payload: { connectionTimeoutMs: 300_000 },
    });
    expect(await client.next()).toEqual({ type: 'ka' });

    client.start('s1', `subscription { mine { ${everything} } }`);
    expect(await client.next()).toEqual({ type: 'start_ack', id: 's1' });
    await publish({ at: '2026-01-01T00:00:00.000Z', owner: { id: 'u1', name: 'Ann' } });
    expect(await client.next()).toEqual({
      type: 'data',
      id: 's1',
      payload: {
        data: {
          mine: {
            tenantId: 'northwind',
            entity: 'contact',
            id: 'con_1',
            at: '2026-01-01T00:00:00.000Z',
            count: null,
            tags: null,
            owner: { id: 'u1', name: 'Ann' },
          },
        },
      },
    });

    client.send({ type: 'stop', id: 's1' });
    expect(await client.next()).toEqual({ type: 'complete', id: 's1' });
    await publish({});
    await client.expectSilence();
  });

  test('the authorization may come as a subprotocol', async () => {
    await start();
    const client = await connect('northwind', { headerInProtocol: true });
    client.send({ type: 'connection_init' });
    expect(await client.next()).toMatchObject({ type: 'connection_ack' });
  });

  test.each([
    ['a refused token', 'nobody', {}, 'UnauthorizedException', 401],
    ['no header at all', 'northwind', { header: null }, 'BadRequestException', 400],
    [
      'a header without host',
      'northwind',
      { header: { Authorization: 'northwind' } },
      'BadRequestException',
      400,
    ],
    ['a header without token', 'northwind', { header: { host: 'localhost' } }, 'UnauthorizedException', 401],
  ])('%s gets a connection_error and the door', async (_, token, options, errorType, errorCode) => {
    await start();
    const client = await connect(token, options);
    expect(await client.next()).toEqual({
      type: 'connection_error',
      payload: { errors: [{ errorType, errorCode, message: expect.any(String) }] },
    });
    expect(await client.closed).toBe(1008);
  });

  test('a client that does not speak graphql-ws is refused in the handshake', async () => {
    await start();
    await expect(connectRealtime(harness.url, 'northwind', { protocols: [] })).rejects.toThrow(/400/);
  });

  test('each start is authorized by its own token', async () => {
    await start();
    const client = await connect();
    client.start('a', 'subscription { mine { id } }', {}, 'nobody');
    expect(await client.next()).toMatchObject({
      type: 'error',
      id: 'a',
      payload: { errors: [{ errorType: 'UnauthorizedException' }] },
    });
    client.start('b', 'subscription { mine { id tenantId } }', {}, 'acme');
    expect(await client.next()).toEqual({ type: 'start_ack', id: 'b' });
    await publish({ tenantId: 'acme' });
    expect(await client.next()).toMatchObject({ id: 'b', payload: { data: { mine: { tenantId: 'acme' } } } });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['a syntax error', { query: 'subscription {' }, 'SyntaxError'],
    ['an unknown field', { query: 'subscription { nope { id } }' }, 'ValidationError'],
    ['two fields', { query: 'subscription { mine { id } plain { id } }' }, 'ValidationError'],
    ['a query', { query: '{ ping }' }, 'UnsupportedOperation'],
    [
      'variables that do not fit',
      { query: 'subscription S($e: String) { mine(entity: $e) { id } }', variables: { e: 5 } },
      'ValidationError',
    ],
    ['a resolver that refuses', { query: 'subscription { refused { id } }' }, 'forbidden'],
    ['no query', {}, 'BadRequestException'],
  ])('a start with %s is an error of that id', async (_, data, errorType) => {
    await start();
    const client = await connect();
    client.startWith('x', JSON.stringify(data));
    expect(await client.next()).toMatchObject({
      type: 'error',
      id: 'x',
      payload: { errors: [{ errorType }] },
    });
    client.start('x', 'subscription { mine { id } }');
    expect(await client.next()).toEqual({ type: 'start_ack', id: 'x' });
  });

  test('unknown messages, ids in use and unknown ids are errors', async () => {
    await start();
    const client = await connect();
    client.send({ type: 'subscribe', id: 'q' });
    expect(await client.next()).toMatchObject({
      type: 'error',
      id: 'q',
      payload: { errors: [{ errorType: 'UnsupportedOperation' }] },
    });
    client.sendText('no json');
    expect(await client.next()).toMatchObject({
      type: 'error',
      payload: { errors: [{ errorType: 'UnsupportedOperation' }] },
    });
    client.start('x', 'subscription { mine { id } }');
    expect(await client.next()).toMatchObject({ type: 'start_ack' });
    client.start('x', 'subscription { mine { id } }');
    expect(await client.next()).toMatchObject({
      payload: { errors: [{ errorType: 'DuplicatedOperationError' }] },
    });
    client.send({ type: 'stop', id: 'y' });
    expect(await client.next()).toMatchObject({
      payload: { errors: [{ errorType: 'UnknownOperationError' }] },
    });
  });

  test('a connection carries 100 subscriptions', async () => {
    await start();
    const client = await connect();
    for (let n = 0; n <= 100; n += 1) client.start(`s${n}`, 'subscription { mine { id } }');
    const answers = await Promise.all(Array.from({ length: 101 }, () => client.next()));
    expect(answers.filter(({ type }) => type === 'start_ack')).toHaveLength(100);
    expect(answers.filter(({ type }) => type === 'error')).toMatchObject([
      { id: 's100', payload: { errors: [{ errorType: 'MaxSubscriptionsReachedError' }] } },
    ]);
  });
});

describe('who gets what', () => {
  test('the resolver’s filter keeps tenants apart, whatever a client asks for', async () => {
    await start();
    const [northwind, acme] = [await connect('northwind'), await connect('acme')];
    northwind.start('n', 'subscription { mine { id } }');
    acme.start('a', 'subscription { mine { id } }', {}, 'acme');
    await Promise.all([northwind.next(), acme.next()]);
    await publish({ tenantId: 'northwind', id: 'con_n' });
    await publish({ tenantId: 'acme', id: 'con_a' });
    expect(await northwind.next()).toMatchObject({ payload: { data: { mine: { id: 'con_n' } } } });
    expect(await acme.next()).toMatchObject({ payload: { data: { mine: { id: 'con_a' } } } });
    await northwind.expectSilence();
    await acme.expectSilence();
  });

  test('an enhanced filter takes part in every group', async () => {
    await start();
    const client = await connect();
    client.start('s', 'subscription S($e: String) { mine(entity: $e) { id entity } }', { e: 'task' });
    await client.next();
    await publish({ entity: 'contact', id: '1' });
    await publish({ entity: 'task', id: '2', tenantId: 'acme' });
    await publish({ entity: 'task', id: '3' });
    expect(await client.next()).toMatchObject({ payload: { data: { mine: { id: '3', entity: 'task' } } } });
    await client.expectSilence();
  });

  test('without a filter the arguments must equal the fields', async () => {
    await start();
    const client = await connect();
    client.start('s', 'subscription { plain(entity: "task", id: "7") { id } }');
    await client.next();
    await publish({ entity: 'task', id: '1' });
    await publish({ entity: 'contact', id: '7' });
    await publish({ entity: 'task', id: '7' });
    expect(await client.next()).toMatchObject({ payload: { data: { plain: { id: '7' } } } });
    await client.expectSilence();
  });

  test('what the mutation did not select is null for subscribers, and an error where null may not be', async () => {
    await start();
    const client = await connect();
    client.start('s', 'subscription { mine { id count owner { name } entity } }');
    await client.next();
    await publish({ count: 5, owner: { id: 'u1', name: 'Ann' } }, 'tenantId id owner { id }');
    expect(await client.next()).toMatchObject({
      type: 'data',
      payload: {
        data: { mine: null },
        errors: [
          {
            message:
              "Cannot return null for non-nullable type: 'entity' within parent 'Change' (/mine/entity)",
          },
        ],
      },
    });
    await publish({ count: 5, owner: { id: 'u1', name: 'Ann' } }, 'tenantId theId: id entity owner { id }');
    expect(await client.next()).toEqual({
      type: 'data',
      id: 's',
      payload: { data: { mine: { id: 'con_1', count: null, owner: { name: null }, entity: 'contact' } } },
    });
  });

  test('a subscription whose type may not be null starts all the same', async () => {
    await start();
    const client = await connect();
    client.start('s', 'subscription { strict { id } }');
    expect(await client.next()).toEqual({ type: 'start_ack', id: 's' });
    await publish({});
    expect(await client.next()).toMatchObject({ payload: { data: { strict: { id: 'con_1' } } } });
  });

  test('an invalidated subscription is completed', async () => {
    await start();
    const client = await connect();
    client.start('s', 'subscription { mine { id } }');
    await client.next();
    const kick = (tenantId: string) =>
      harness.query('mutation K($input: ChangeInput!) { kick(input: $input) { id } }', {
        input: { tenantId, entity: 'x', id: '1' },
      });
    await kick('acme');
    await client.expectSilence();
    await kick('northwind');
    expect(await client.next()).toEqual({ type: 'complete', id: 's' });
    await publish({});
    await client.expectSilence();
  });

  test('a mutation that fails publishes nothing', async () => {
    await start();
    const client = await connect();
    client.start('s', 'subscription { plain { id } }');
    await client.next();
    expect(await publish({ at: 'yesterday' })).toMatchObject({ data: null });
    await client.expectSilence();
  });
});
