import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { updateItem } from '../../functions/shared/dynamo/table.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { createGraphqlEngine, type GraphqlEngine, type Identity } from '../support/graphql-engine.ts';

let dynamo: TestDynamo;
let engine: GraphqlEngine;
let tenants = 0;
let member: Identity;

beforeAll(async () => {
  dynamo = await startDynamo();
  engine = createGraphqlEngine();
});

afterAll(() => dynamo.stop());

beforeEach(() => {
  tenants += 1;
  member = { tenantId: `tenant-${tenants}`, role: 'member' };
  engine.invocations.length = 0;
});

const run = (query: string, variables?: Record<string, unknown>, as: Identity = member) =>
  engine.run(query, as, variables);

async function createContact(input: Record<string, unknown>): Promise<Record<string, unknown>> {
  const query = 'mutation ($input: ContactInput!) { createContact(input: $input) { id version } }';
  const { data, errors } = await run(query, { input });
  expect(errors).toBeUndefined();
  return data.createContact;
}

describe('the seed queries', () => {
  test('contacts', async () => {
    const { id } = await createContact({ name: 'Ada', email: 'ada@example.com' });
    const { data, errors } = await run(
      `{ contacts(tenantId: "${member.tenantId}", limit: 5) { id name email } }`,
    );
    expect({ data, errors }).toEqual({
      data: { contacts: [{ id, name: 'Ada', email: 'ada@example.com' }] },
      errors: undefined,
    });
  });

  test('dashboard', async () => {
    const query = `{ dashboard(tenantId: "${member.tenantId}") { contacts { total } } }`;
    expect((await run(query)).data).toEqual({ dashboard: { contacts: { total: 0 } } });
    await updateItem(
      'views',
      { pk: `${member.tenantId}#counters`, sk: 'contact' },
      { text: 'ADD #total :n', names: { '#total': 'total' }, values: { ':n': 91 } },
    );
    expect((await run(query)).data).toEqual({ dashboard: { contacts: { total: 91 } } });
    expect(engine.invocations).toHaveLength(2);
  });
});

describe('identity', () => {
  test.each([
    '{ contacts(tenantId: "other") { id } }',
    '{ dashboard(tenantId: "other") { contacts { total } } }',
  ])('another tenant is FORBIDDEN: %s', async (query) => {
    const { data, errors } = await run(query);
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ errorType: 'FORBIDDEN', errorInfo: { code: 'forbidden' } }]);
  });

  test('a record of another tenant does not exist', async () => {
    const { id } = await createContact({ name: 'Ada' });
    const stranger = { tenantId: 'stranger', role: 'owner' };
    expect((await run(`{ contact(id: "${id}") { name } }`, {}, stranger)).data).toEqual({ contact: null });
    const { errors } = await run(`mutation { deleteContact(id: "${id}") { id } }`, {}, stranger);
    expect(errors).toMatchObject([{ errorType: 'not_found' }]);
  });

  test('roles hold here as over REST', async () => {
    const viewer = { ...member, role: 'viewer' };
    const { errors } = await run('mutation { createContact(input: { name: "x" }) { id } }', {}, viewer);
    expect(errors).toMatchObject([{ errorType: 'forbidden' }]);
    const worker = { ...member, role: 'worker' };
    expect((await run('{ contacts { id } }', {}, worker)).errors).toMatchObject([{ errorType: 'forbidden' }]);
  });

  test('ends with its token, though AppSync remembers it', async () => {
    const ended = { ...member, expiresAt: String(Math.floor(Date.now() / 1_000) - 1) };
    expect((await run('{ contacts { id } }', {}, ended)).errors).toMatchObject([
      { errorType: 'unauthenticated', message: 'The token has expired' },
    ]);
  });

  test('nobody but the service publishes', async () => {
    const input = `{ tenantId: "t", entity: contact, id: "c", version: 1, action: created, at: "2026-01-01T00:00:00Z", actor: "a", changedFields: [] }`;
    const { errors } = await run(
      `mutation { publishRecordChange(input: ${input}) { id } }`,
      {},
      { ...member, role: 'owner' },
    );
    expect(errors).toMatchObject([{ errorType: 'Unauthorized' }]);
  });
});

describe('records', () => {
  test('are created, changed, deleted and restored', async () => {
    const { id } = await createContact({ name: 'Ada', address: { city: 'London' }, notes: 'x', tags: ['a'] });
    const patch =
      'mutation ($input: ContactPatch!, $v: Int) { updateContact(id: "ID", input: $input, expectedVersion: $v) { version name notes address { city country } tags stage } }'.replace(
        'ID',
        String(id),
      );
    const changed = await run(patch, { input: { notes: null, address: { country: 'UK' } }, v: 1 });
    expect(changed.data.updateContact).toEqual({
      version: 2,
      name: 'Ada',
      notes: null,
      address: { city: 'London', country: 'UK' },
      tags: ['a'],
      stage: 'lead',
    });
    expect((await run(patch, { input: { name: 'B' }, v: 1 })).errors).toMatchObject([
      { errorType: 'precondition_failed', errorInfo: { currentVersion: 2 } },
    ]);
    expect((await run(`mutation { deleteContact(id: "${id}") { id } }`)).data.deleteContact).toEqual({ id });
    expect((await run(`{ contact(id: "${id}") { id } }`)).data).toEqual({ contact: null });
    expect(
      (await run(`mutation { restoreContact(id: "${id}") { version } }`)).data.restoreContact.version,
    ).toBe(4);
  });

  test('that break a rule get the code and the findings of REST', async () => {
    await createContact({ name: 'Ada', email: 'ada@example.com' });
    const query = 'mutation ($input: ContactInput!) { createContact(input: $input) { id } }';
    expect((await run(query, { input: { name: 'B', email: 'ADA@example.com' } })).errors).toMatchObject([
      { errorType: 'duplicate', errorInfo: { existingId: expect.stringMatching(/^con_/) } },
    ]);
    expect((await run(query, { input: { name: '', score: -1 } })).errors).toMatchObject([
      {
        errorType: 'validation_failed',
        errorInfo: { errors: [{ pointer: '/input/name' }, { pointer: '/input/score' }] },
      },
    ]);
  });

  test('created twice under one idempotency key are one', async () => {
    const query =
      'mutation ($name: String!) { createContact(input: { name: $name }, idempotencyKey: "k1") { id name } }';
    const first = await run(query, { name: 'Ada' });
    const again = await run(query, { name: 'Ada' });
    expect(again.data).toEqual(first.data);
    expect((await run('{ contacts { id } }')).data.contacts).toHaveLength(1);
    expect((await run(query, { name: 'Bob' })).errors).toMatchObject([{ errorType: 'idempotency_mismatch' }]);
  });
});

describe('lists', () => {
  test('filter, sort and page as over REST', async () => {
    for (const [name, stage] of [
      ['Ada', 'lead'],
      ['Bob', 'customer'],
      ['Cid', 'prospect'],
    ])
      await createContact({ name, stage });
    const page =
      'query ($cursor: String) { contactPage(filter: { stage: { in: [lead, customer] } }, sort: "name", limit: 1, cursor: $cursor) { items { name } nextCursor } }';
    const first = await run(page);
    expect(first.data.contactPage.items).toEqual([{ name: 'Ada' }]);
    const second = await run(page, { cursor: first.data.contactPage.nextCursor });
    expect(second.data.contactPage).toEqual({ items: [{ name: 'Bob' }], nextCursor: null });
    expect((await run('{ contacts(stage: customer) { name } }')).data.contacts).toEqual([{ name: 'Bob' }]);
    expect((await run('{ contactPage(sort: "email") { items { id } } }')).errors).toMatchObject([
      { errorType: 'unsupported_sort' },
    ]);
  });

  test.each([0, 101])('refuse a limit of %i', async (limit) => {
    expect((await run(`{ contacts(limit: ${limit}) { id } }`)).errors).toMatchObject([
      { errorType: 'validation_failed' },
    ]);
  });

  test.each([
    ['contactPage(filter: { companyId: { eq: null } })', '/filter/companyId/eq'],
    ['contactPage(filter: { stage: { in: null } })', '/filter/stage/in'],
    ['taskPage(filter: { assigneeId: null })', '/filter/assigneeId'],
  ])('are not of everything when the filter has a null in it: %s', async (page, pointer) => {
    await createContact({ name: 'Ada' });
    const { data, errors } = await run(`{ ${page} { items { id } } }`);
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      { errorType: 'validation_failed', errorInfo: { errors: [{ pointer, code: 'invalid_value' }] } },
    ]);
  });

  test('take no filter at all as none', async () => {
    await createContact({ name: 'Ada' });
    expect((await run('{ contactPage(filter: null) { items { name } } }')).data.contactPage.items).toEqual([
      { name: 'Ada' },
    ]);
  });

  test('count only when they are asked to', async () => {
    await createContact({ name: 'Ada' });
    engine.invocations.length = 0;
    await run('{ contactPage { items { id } } }');
    expect(engine.invocations).toEqual([['Query.contactPage']]);
    const { data } = await run('{ contactPage(filter: { stage: { eq: lead } }) { total items { id } } }');
    expect(data.contactPage).toMatchObject({ total: 0, items: [{}] });
    const { errors } = await run('{ contactPage(filter: { source: { eq: "x" } }) { total items { id } } }');
    expect(errors).toMatchObject([{ errorType: 'validation_failed', path: ['contactPage', 'total'] }]);
  });
});

describe('tasks', () => {
  const create = (input: Record<string, unknown>) =>
    run(
      'mutation ($input: TaskInput!) { createTask(input: $input) { id type state priority title about { type id } } }',
      { input },
    );

  test('are created, found and completed by hand', async () => {
    const { id: contactId } = await createContact({ name: 'Ada' });
    const { data } = await create({
      type: 'todo',
      title: 'Call',
      input: '{"a":[0,{}]}',
      about: { type: 'contact', id: contactId },
    });
    const { id } = data.createTask;
    expect(data.createTask).toMatchObject({
      type: 'todo',
      state: 'ready',
      priority: 0,
      about: { type: 'contact', id: contactId },
    });
    const found = await run(
      `{ contact(id: "${contactId}") { tasks { items { id title input } nextCursor } } tasks(state: ready) { id } task(id: "${id}") { result input } }`,
    );
    expect(found.data).toEqual({
      contact: { tasks: { items: [{ id, title: 'Call', input: '{"a":[0,{}]}' }], nextCursor: null } },
      tasks: [{ id }],
      task: { result: null, input: '{"a":[0,{}]}' },
    });
    const done = await run(
      `mutation { completeTask(id: "${id}", result: "{\\"ok\\":true}") { state result } }`,
    );
    expect(done.data.completeTask).toEqual({ state: 'completed', result: '{"ok":true}' });
    const retried = await run(`mutation { retryTask(id: "${id}") { state } }`);
    expect(retried.data.retryTask).toEqual({ state: 'ready' });
    const cancelled = await run(`mutation { cancelTask(id: "${id}", reason: "no") { state reason } }`);
    expect(cancelled.data.cancelTask).toEqual({ state: 'cancelled', reason: 'no' });
  });

  test('of an unknown type are refused', async () => {
    expect((await create({ type: 'nothing' })).errors).toMatchObject([{ errorType: 'validation_failed' }]);
  });
});
