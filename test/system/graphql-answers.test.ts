import { beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { type Api, callerOf, eventually, sharedStack } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

const graphql = async (caller: Api, query: string, variables: Record<string, unknown> = {}) => {
  const answer = await caller.call('POST', sharedStack().graphqlUrl, { body: { query, variables } });
  return answer.body;
};

describe('the seed queries', () => {
  test('answer word for word', async () => {
    await api.post('/api/v1/contacts', { name: 'Grace Hopper', email: 'grace@x.example' });
    const contacts = await graphql(
      api,
      `{ contacts(tenantId: "${api.tenantId}", limit: 5) { id name email } }`,
    );
    expect(contacts).toEqual({
      data: {
        contacts: [{ id: expect.stringMatching(/^con_/), name: 'Grace Hopper', email: 'grace@x.example' }],
      },
    });
    const dashboard = await eventually(
      () => graphql(api, `{ dashboard(tenantId: "${api.tenantId}") { contacts { total } } }`),
      (body) => body.data?.dashboard?.contacts?.total === 1,
    );
    expect(dashboard).toEqual({ data: { dashboard: { contacts: { total: 1 } } } });
  });

  test('do not need the tenant, and refuse another one', async () => {
    expect(await graphql(api, '{ contacts(limit: 1) { name } }')).toMatchObject({ data: { contacts: [{}] } });
    const foreign = await graphql(api, '{ contacts(tenantId: "northwind", limit: 1) { name } }');
    expect(foreign.errors).toMatchObject([{ errorType: 'FORBIDDEN', path: ['contacts'] }]);
    expect(JSON.stringify(foreign)).not.toContain('Alfreds');
  });

  test('need an identity', async () => {
    const answer = await api.call('POST', sharedStack().graphqlUrl, {
      body: { query: '{ __typename }' },
      token: 'nonsense',
    });
    expect(answer.status).toBe(401);
  });
});

describe('contacts over GraphQL', () => {
  const createContact =
    'mutation ($input: ContactInput!) { createContact(input: $input) { id name stage version } }';

  test('are created under the same rules as over REST', async () => {
    const made = await graphql(api, createContact, { input: { name: 'Made here', email: 'made@x.example' } });
    expect(made.data?.createContact).toMatchObject({ name: 'Made here', stage: 'lead', version: 1 });
    const rest = await api.get(`/api/v1/contacts/${made.data.createContact.id}`);
    expect(rest.body).toMatchObject({ email: 'made@x.example' });
    const twin = await graphql(api, createContact, { input: { name: 'Twin', email: 'MADE@x.example' } });
    expect(twin.errors).toMatchObject([{ errorType: 'duplicate' }]);
  });

  test('resolve their companies in one batch', async () => {
    const company = (await api.post('/api/v1/companies', { name: 'Batched' })).body;
    for (const name of ['A', 'B', 'C'])
      await api.post('/api/v1/contacts', { name: `Batched ${name}`, companyId: company.id });
    const { data } = await graphql(api, '{ contacts(limit: 10) { name company { name } } }');
    const batched = data.contacts.filter(({ name }: { name: string }) => name.startsWith('Batched'));
    expect(batched).toHaveLength(3);
    for (const contact of batched) expect(contact.company).toEqual({ name: 'Batched' });
  });

  test('are not written by a viewer', async () => {
    const viewer = await api.as('viewer');
    const answer = await graphql(viewer, createContact, { input: { name: 'No' } });
    expect(answer.errors).toMatchObject([{ errorType: 'forbidden' }]);
  });
});

/** A client of AppSync's real-time protocol with one subscription. */
async function subscribe(caller: Api, query: string) {
  const stack = sharedStack();
  const host = new URL(stack.graphqlUrl).host;
  const authorization = { Authorization: `Bearer ${caller.token}`, host };
  const header = Buffer.from(JSON.stringify(authorization)).toString('base64');
  const socket = new WebSocket(
    `${stack.realtimeUrl}?header=${encodeURIComponent(header)}&payload=e30=`,
    'graphql-ws',
  );
  // biome-ignore lint/suspicious/noExplicitAny: protocol messages of every kind
  const messages: any[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  await new Promise((open, fail) => {
    socket.once('open', open);
    socket.once('error', fail);
  });
  const received = (type: string) =>
    eventually(
      async () => messages.find((message) => message.type === type),
      (message) => message !== undefined,
    );
  socket.send(JSON.stringify({ type: 'connection_init' }));
  expect(await received('connection_ack')).toMatchObject({
    payload: { connectionTimeoutMs: expect.any(Number) },
  });
  socket.send(
    JSON.stringify({
      id: 'one',
      type: 'start',
      payload: { data: JSON.stringify({ query, variables: {} }), extensions: { authorization } },
    }),
  );
  expect(await received('start_ack')).toMatchObject({ id: 'one' });
  return { data: () => messages.filter(({ type }) => type === 'data'), close: () => socket.close() };
}

describe('the recordChanged subscription', () => {
  test('brings each change of the own tenant, and none of another', async () => {
    const other = await callerOf();
    const query = 'subscription { recordChanged(entity: contact) { entity id action version } }';
    const [mine, theirs] = await Promise.all([subscribe(api, query), subscribe(other, query)]);
    const made = (await api.post('/api/v1/contacts', { name: 'Watched' })).body;
    await api.patch(`/api/v1/contacts/${made.id}`, { title: 'Seen' });
    await api.post('/api/v1/companies', { name: 'Not subscribed' });
    const seen = await eventually(
      async () => mine.data().filter(({ payload }) => payload.data.recordChanged.id === made.id),
      (messages) => messages.length >= 2,
    );
    expect(seen.map(({ payload }) => payload.data.recordChanged)).toEqual([
      { entity: 'contact', id: made.id, action: 'created', version: 1 },
      { entity: 'contact', id: made.id, action: 'updated', version: 2 },
    ]);
    expect(mine.data().every(({ payload }) => payload.data.recordChanged.entity === 'contact')).toBe(true);
    expect(theirs.data()).toEqual([]);
    mine.close();
    theirs.close();
  });
});
