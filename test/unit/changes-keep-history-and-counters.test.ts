import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { handler } from '../../functions/changes/handler.ts';
import type { Publication } from '../../functions/changes/publications.ts';
import { publish } from '../../functions/changes/publish.ts';
import { company } from '../../functions/crm/companies/company.ts';
import { contact } from '../../functions/crm/contacts/contact.ts';
import { planRestore } from '../../functions/crm/records/delete-record.ts';
import type { EntityDefinition } from '../../functions/crm/records/entity.ts';
import { patchRecord } from '../../functions/crm/records/patch-record.ts';
import { createRecord, deleteRecord } from '../../functions/crm/records/records.ts';
import { crmEntities } from '../../functions/crm/routes.ts';
import { type Counters, readAllCounters } from '../../functions/platform/counters.ts';
import { readHistory } from '../../functions/platform/history.ts';
import type { Actor } from '../../functions/shared/actor.ts';
import { countedFields } from '../../functions/shared/counted-fields.ts';
import type { Item } from '../../functions/shared/dynamo/item.ts';
import { deleteItem, putItem, queryPage } from '../../functions/shared/dynamo/table.ts';
import { carryOut } from '../../functions/shared/write-plan.ts';
import { enqueueTask } from '../../functions/tasks/enqueue/enqueue.ts';
import { createdPartition } from '../../functions/tasks/indexes/index-keys.ts';
import { failTask } from '../../functions/tasks/lease/settle.ts';
import { cancelTask } from '../../functions/tasks/lifecycle/cancel.ts';
import { completeByHand } from '../../functions/tasks/lifecycle/complete-by-hand.ts';
import { retryTask } from '../../functions/tasks/lifecycle/retry.ts';
import { taskKey } from '../../functions/tasks/task.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { fc } from '../support/property.ts';
import { readStream } from '../support/stream.ts';
import { claimOne, enqueue, holderOf, registerType } from '../support/tasks.ts';

interface Published {
  query: string;
  variables: Record<string, Record<string, unknown>>;
}

let dynamo: TestDynamo;
let appsync: Server;
let appsyncFails = false;
let appsyncHangs = false;
let appsyncRequests = 0;
const published: Published[] = [];
let tenants = 0;
let actor: Actor;
/** How much of each stream earlier tests have left behind. */
const seen = { crm: 0, tasks: 0 };

beforeAll(async () => {
  dynamo = await startDynamo();
  appsync = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    appsyncRequests += 1;
    if (appsyncHangs) return;
    if (appsyncFails) {
      response.writeHead(500).end('{}');
      return;
    }
    published.push(JSON.parse(text));
    response.end('{"data":{}}');
  });
  await new Promise<void>((done) => appsync.listen(0, '127.0.0.1', done));
  process.env.GRAPHQL_URL = `http://127.0.0.1:${(appsync.address() as { port: number }).port}/graphql`;
});

afterAll(async () => {
  appsync.closeAllConnections();
  await new Promise((done) => appsync.close(done));
  await dynamo.stop();
});

beforeEach(() => newTenant());

function newTenant(): void {
  tenants += 1;
  actor = {
    caller: { tenantId: `t${tenants}`, subject: 'user-1', role: 'owner' },
    requestId: 'request-1',
  };
  published.length = 0;
  appsyncFails = false;
  appsyncHangs = false;
  appsyncRequests = 0;
}

async function newRecords(table: 'crm' | 'tasks'): Promise<DynamoDBRecord[]> {
  const all = await readStream(dynamo.endpoint, table);
  const fresh = all.slice(seen[table]);
  seen[table] = all.length;
  return fresh;
}

async function deliver(records: DynamoDBRecord[]): Promise<string[]> {
  const { batchItemFailures } = await handler({ Records: records });
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

async function follow(): Promise<DynamoDBRecord[]> {
  const records = [...(await newRecords('crm')), ...(await newRecords('tasks'))];
  expect(await deliver(records)).toEqual([]);
  return records;
}

async function restore(definition: EntityDefinition, id: string): Promise<void> {
  const plan = await planRestore(definition, id, actor);
  await carryOut(plan.writes);
}

/** What the counters should be, counted from the tables themselves. */
async function recount(): Promise<Record<string, Counters>> {
  const { tenantId } = actor.caller;
  const all = async (table: 'crm' | 'tasks', pk: string, index?: string) =>
    (
      await queryPage({
        table,
        index,
        key: { text: '#pk = :pk', names: { '#pk': index ? 'createdPk' : 'pk' }, values: { ':pk': pk } },
      })
    ).items;
  const keys = await all('tasks', createdPartition(tenantId), 'byCreated');
  const tasks = await Promise.all(keys.map(({ pk }) => all('tasks', String(pk))));
  const items = {
    contact: await all('crm', `${tenantId}#contact`),
    company: await all('crm', `${tenantId}#company`),
    task: tasks.flat(),
  };
  return Object.fromEntries(
    Object.entries(items).map(([entity, list]) => [
      entity,
      countValues(
        list.filter(({ deletedAt }) => deletedAt === undefined),
        countedFields[entity as keyof typeof countedFields],
      ),
    ]),
  );
}

function countValues(items: Item[], fields: readonly string[]): Counters {
  const counters: Counters = items.length > 0 ? { total: items.length } : {};
  for (const item of items) {
    for (const field of fields) {
      const name = `${field}:${item[field]}`;
      counters[name] = (counters[name] ?? 0) + 1;
    }
  }
  return counters;
}

/** The stored counters without zeros, so that they can be compared with a count. */
async function counters(): Promise<Record<string, Counters>> {
  const stored = await readAllCounters(actor.caller.tenantId);
  return Object.fromEntries(
    ['contact', 'company', 'task'].map((entity) => [
      entity,
      Object.fromEntries(Object.entries(stored[entity] ?? {}).filter(([, count]) => count !== 0)),
    ]),
  );
}

const history = async (id: string) => (await readHistory(actor.caller.tenantId, id, {})).data;

describe('history', () => {
  test('tells each write of a record, newest first, with fields, actor and request', async () => {
    const { id } = await createRecord(contact, { name: 'Ada', email: 'ada@example.com' }, actor);
    const other = { ...actor, caller: { ...actor.caller, subject: 'user-2' }, requestId: 'request-2' };
    await patchRecord(contact, id, { notes: 'met', address: { city: 'London' }, stage: 'customer' }, other);
    await deleteRecord(contact, id, actor);
    await restore(contact, id);
    await follow();
    const entries = await history(id);
    expect(entries.map(({ version, action }) => [version, action])).toEqual([
      [4, 'restored'],
      [3, 'deleted'],
      [2, 'updated'],
      [1, 'created'],
    ]);
    expect(entries[2]).toMatchObject({
      actor: 'user-2',
      requestId: 'request-2',
      changes: [
        { field: 'address.city', old: null, new: 'London' },
        { field: 'notes', old: null, new: 'met' },
        { field: 'stage', old: 'lead', new: 'customer' },
      ],
    });
    expect(entries[3]?.changes).toContainEqual({ field: 'email', old: null, new: 'ada@example.com' });
    expect(entries[3]?.changes.map(({ field }) => field)).toEqual([
      'email',
      'name',
      'stage',
      'status',
      'tags',
    ]);
  });

  test('is paged and belongs to one record', async () => {
    const { id } = await createRecord(company, { name: 'A' }, actor);
    for (const name of ['B', 'C']) await patchRecord(company, id, { name }, actor);
    await follow();
    const { tenantId } = actor.caller;
    const first = await readHistory(tenantId, id, { limit: '2' });
    const second = await readHistory(tenantId, id, { limit: '2', cursor: first.page.nextCursor ?? '' });
    expect([...first.data, ...second.data].map(({ version }) => version)).toEqual([3, 2, 1]);
    expect(second.page.nextCursor).toBeNull();
    await expect(
      readHistory(tenantId, 'con_other', { cursor: first.page.nextCursor ?? '' }),
    ).rejects.toMatchObject({
      code: 'invalid_cursor',
    });
    expect((await readHistory('other', id, {})).data).toEqual([]);
  });
});

describe('counters', () => {
  test('follow creation, change, deletion and restoration', async () => {
    const { id } = await createRecord(contact, { name: 'Ada' }, actor);
    const other = await createRecord(contact, { name: 'Bob', stage: 'customer' }, actor);
    await follow();
    expect((await counters()).contact).toEqual({
      total: 2,
      'stage:lead': 1,
      'stage:customer': 1,
      'status:active': 2,
    });
    await patchRecord(contact, id, { stage: 'customer' }, actor);
    await deleteRecord(contact, other.id, actor);
    await follow();
    expect((await counters()).contact).toEqual({ total: 1, 'stage:customer': 1, 'status:active': 1 });
    await restore(contact, other.id);
    await follow();
    expect((await counters()).contact).toEqual({ total: 2, 'stage:customer': 2, 'status:active': 2 });
  });

  test('forget a task that its time to live removes, and a deleted record only once', async () => {
    const { task } = await enqueueTask({ type: 'todo', priority: 0 }, actor);
    const { id } = await createRecord(contact, { name: 'Ada' }, actor);
    await deleteRecord(contact, id, actor);
    await follow();
    expect((await counters()).task).toEqual({ total: 1, 'state:ready': 1 });
    await deleteItem('tasks', taskKey(task.tenantId, task.id));
    await deleteItem('crm', { pk: `${actor.caller.tenantId}#contact`, sk: id });
    await follow();
    expect(await counters()).toEqual({ contact: {}, company: {}, task: {} });
  });

  test('equal a recount after random writes, whatever is repeated, split and out of order', async () => {
    const operation = fc.constantFrom(
      'create',
      'company',
      'patch',
      'delete',
      'restore',
      'task',
      'cancel',
      'complete',
      'retry',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(operation, fc.nat(1_000)), { minLength: 5, maxLength: 40 }),
        fc.infiniteStream(fc.nat(1_000_000)),
        async (operations, random) => {
          newTenant();
          await randomWrites(operations);
          const records = [...(await newRecords('crm')), ...(await newRecords('tasks'))];
          await deliverInDisorder(records, () => random.next().value as number);
          expect(await counters()).toEqual(await recount());
          expect(await historyVersions(records)).toEqual(writtenVersions(records));
        },
      ),
      { numRuns: 25 },
    );
  });

  /** Every batch up to three times, some at the same time, in any order, with repeats inside. */
  async function deliverInDisorder(records: DynamoDBRecord[], random: () => number): Promise<void> {
    const shuffled = [...records, ...records.filter(() => random() % 3 === 0)]
      .map((record) => ({ record, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ record }) => record);
    const batches: DynamoDBRecord[][] = [];
    while (shuffled.length > 0) batches.push(shuffled.splice(0, 1 + (random() % 12)));
    for (let start = 0; start < batches.length; start += 3) {
      await Promise.all(batches.slice(start, start + 3).map(deliver));
    }
    for (const batch of batches.filter(() => random() % 2 === 0)) expect(await deliver(batch)).toEqual([]);
    expect(await deliver(records)).toEqual([]);
  }
});

async function randomWrites(operations: [string, number][]): Promise<void> {
  const contacts: { id: string; deleted: boolean }[] = [];
  const tasks: string[] = [];
  const stages = ['lead', 'prospect', 'customer', 'former'];
  for (const [name, number] of operations) {
    const chosen = contacts[number % contacts.length];
    const task = tasks[number % tasks.length];
    const stage = stages[number % 4];
    if (name === 'create') {
      const { id } = await createRecord(contact, { name: `C${number}`, stage }, actor);
      contacts.push({ id, deleted: false });
    } else if (name === 'company') await createRecord(company, { name: `F${number}` }, actor);
    else if (name === 'task') tasks.push((await enqueueTask({ type: 'todo', priority: 0 }, actor)).task.id);
    else if (name === 'patch' && chosen && !chosen.deleted)
      await patchRecord(contact, chosen.id, { stage }, actor);
    else if (name === 'delete' && chosen && !chosen.deleted) {
      await deleteRecord(contact, chosen.id, actor);
      chosen.deleted = true;
    } else if (name === 'restore' && chosen?.deleted) {
      await restore(contact, chosen.id);
      chosen.deleted = false;
    } else if (task) {
      const settle = { cancel: cancelTask, retry: retryTask }[name as 'cancel' | 'retry'];
      // Impossible in this state is fine: then nothing is written.
      await (settle
        ? settle(task, undefined, actor, carryOut)
        : completeByHand(task, undefined, actor)
      ).catch(() => {});
    }
  }
}

function imageOf(record: DynamoDBRecord): { entity?: string; id: string; version: number } {
  const { NewImage: image } = record.dynamodb ?? {};
  return { entity: image?.entity?.S, id: image?.id?.S ?? '', version: Number(image?.version?.N) };
}

function writtenVersions(records: DynamoDBRecord[]): string[] {
  return records
    .map(imageOf)
    .flatMap(({ entity, id, version }) => (entity ? [`${id} ${version}`] : []))
    .sort();
}

async function historyVersions(records: DynamoDBRecord[]): Promise<string[]> {
  const ids = new Set(records.map(imageOf).flatMap(({ entity, id }) => (entity ? [id] : [])));
  const entries = await Promise.all(
    [...ids].map(async (id) => (await history(id)).map(({ version }) => `${id} ${version}`)),
  );
  return entries.flat().sort();
}

describe('metrics', () => {
  test('count the tasks that have died, of all tenants together', async () => {
    await registerType(actor);
    await enqueue(actor);
    const lease = holderOf(await claimOne(actor));
    await failTask(lease, { error: { code: 'x', message: 'y' }, retryable: false }, actor);
    const written = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      await follow();
      const lines = written.mock.calls.map(([text]) => String(text));
      const metric = lines.find((line) => line.includes('DeadTasks'));
      expect(JSON.parse(metric ?? 'null')).toMatchObject({ service: 'tandem', DeadTasks: 1 });
      expect(metric).not.toContain(actor.caller.tenantId);
    } finally {
      written.mockRestore();
    }
  });
});

describe('subscribers', () => {
  test('are told of records and tasks in one request', async () => {
    const { id } = await createRecord(contact, { name: 'Ada' }, actor);
    const { task } = await enqueueTask({ type: 'todo', priority: 0, title: 'Call' }, actor);
    await follow();
    expect(published).toHaveLength(1);
    const inputs = Object.values(published[0]?.variables ?? {});
    expect(inputs).toMatchObject([
      {
        tenantId: actor.caller.tenantId,
        entity: 'contact',
        id,
        version: 1,
        action: 'created',
        actor: 'user-1',
      },
      {
        tenantId: actor.caller.tenantId,
        id: task.id,
        type: 'todo',
        state: 'ready',
        previousState: null,
        title: 'Call',
      },
    ]);
    expect(JSON.parse(String(inputs[0]?.record))).toMatchObject({
      id,
      name: 'Ada',
      version: 1,
      stage: 'lead',
    });
    expect(Object.keys(JSON.parse(String(inputs[0]?.record)))).not.toContain('updatedPk');
    expect(published[0]?.query).toContain('publishRecordChange on RecordChange { tenantId');
  });

  test('that cannot be told hold nothing up', async () => {
    appsyncFails = true;
    await createRecord(contact, { name: 'Ada' }, actor);
    await follow();
    expect((await counters()).contact?.total).toBe(1);
  });
});

describe('a hundred publications', () => {
  const hundred: Publication[] = Array.from({ length: 100 }, (_, at) => ({
    mutation: 'publishRecordChange',
    input: { id: `con_${at}` },
  }));

  test('are five requests', async () => {
    await publish(hundred);
    expect(appsyncRequests).toBe(5);
    expect(published.flatMap(({ variables }) => Object.keys(variables))).toHaveLength(100);
  });

  test('are given up once AppSync has refused some of them for good', async () => {
    appsyncFails = true;
    await publish(hundred);
    expect(appsyncRequests).toBe(3);
  });

  test('hold the stream up no longer than their time, whatever AppSync does', async () => {
    appsyncHangs = true;
    const began = Date.now();
    await publish(hundred, 300);
    expect(Date.now() - began).toBeLessThan(15_000);
    expect(appsyncRequests).toBe(1);
  });
});

describe('a record that cannot be followed', () => {
  const poison = (sequenceNumber: string): DynamoDBRecord => ({
    eventName: 'INSERT',
    dynamodb: {
      SequenceNumber: sequenceNumber,
      NewImage: { pk: { S: 't#x' }, sk: { S: 'x' }, entity: { S: 'spaceship' }, id: { S: 'x' } },
    },
  });

  test('is named, and what stood before it is done', async () => {
    await createRecord(contact, { name: 'Ada' }, actor);
    await createRecord(contact, { name: 'Bob' }, actor);
    const [first, second] = await newRecords('crm');
    const batch = [first, poison('7'), second] as DynamoDBRecord[];
    expect(await deliver(batch)).toEqual(['7']);
    expect((await counters()).contact?.total).toBe(1);
    expect(await deliver([second as DynamoDBRecord])).toEqual([]);
    expect((await counters()).contact?.total).toBe(2);
  });

  test('because it does not fit does not stop those before it in its transaction', async () => {
    const pk = `${actor.caller.tenantId}#contact`;
    const base = {
      entity: 'contact',
      version: 1,
      stage: 'lead',
      status: 'active',
      updatedAt: '2026-01-01T00:00:00.000Z',
    };
    await putItem('crm', { pk, sk: 'a', ...base, id: 'a' });
    // Fits into its table; in a history entry each of its members has a name, an old and a new value.
    const members = Array.from({ length: 14_000 }, (_, at): [string, string] => [`member${at}`, 'value']);
    await putItem('crm', { pk, sk: 'b', ...base, id: 'b', ...Object.fromEntries(members) });
    const records = await newRecords('crm');
    expect(await deliver(records)).toEqual([records[1]?.dynamodb?.SequenceNumber]);
    expect((await counters()).contact?.total).toBe(1);
  });

  test('an item without an entity is one, unless it is a guard', async () => {
    const image = { pk: { S: 't#unique' }, sk: { S: 'guard' }, recordId: { S: 'x' } };
    expect(await deliver([{ dynamodb: { SequenceNumber: '1', NewImage: image } }])).toEqual([]);
    const stranger = { ...image, sk: { S: 'other' } };
    expect(await deliver([{ dynamodb: { SequenceNumber: '2', NewImage: stranger } }])).toEqual(['2']);
  });
});

test('each followed entity counts the fields that its lists give totals for', () => {
  for (const definition of crmEntities) {
    expect(definition.counted).toEqual([...countedFields[definition.entity]]);
  }
});
