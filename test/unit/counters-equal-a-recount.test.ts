import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { handler } from '../../functions/changes/handler.ts';
import { readDashboard } from '../../functions/crm/dashboard/dashboard.ts';
import { contributionsOf } from '../../functions/platform/counting/contributions.ts';
import { dueTimeOf } from '../../functions/platform/counting/due-time.ts';
import { readForecast } from '../../functions/platform/counting/forecast.ts';
import { Tally } from '../../functions/platform/counting/tally.ts';
import type { FollowedEntity } from '../../functions/shared/counted-fields.ts';
import { type Item, toAttributes } from '../../functions/shared/dynamo/item.ts';
import { queryPage } from '../../functions/shared/dynamo/table.ts';
import { hasEnded, taskStates } from '../../functions/tasks/lifecycle/state-machine.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { fc } from '../support/property.ts';

let dynamo: TestDynamo;
let appsync: Server;
let tenants = 0;

beforeAll(async () => {
  dynamo = await startDynamo();
  appsync = createServer((_request, response) => response.end('{"data":{}}'));
  await new Promise<void>((done) => appsync.listen(0, '127.0.0.1', done));
  process.env.GRAPHQL_URL = `http://127.0.0.1:${(appsync.address() as { port: number }).port}/graphql`;
});

afterAll(async () => {
  appsync.closeAllConnections();
  await new Promise((done) => appsync.close(done));
  await dynamo.stop();
});

const newTenant = () => `t${++tenants}`;

/** A write as the stream tells it. */
function streamRecord(tenantId: string, before: Item | undefined, after: Item | undefined): DynamoDBRecord {
  const image = (item: Item | undefined) => item && toAttributes(keyed(tenantId, item));
  const dynamodb = { SequenceNumber: '1', OldImage: image(before), NewImage: image(after) };
  return { dynamodb: JSON.parse(JSON.stringify(dynamodb)) };
}

function keyed(tenantId: string, item: Item): Item {
  const isTask = item.entity === 'task';
  return isTask
    ? { pk: `${tenantId}#task#${item.id}`, sk: 'task', tenantId, lease: 0, attempts: {}, ...item }
    : { pk: `${tenantId}#${item.entity}`, sk: item.id, ...item };
}

async function deliver(records: DynamoDBRecord[]): Promise<void> {
  expect(await handler({ Records: records })).toEqual({ batchItemFailures: [] });
}

/** Every stored counter that is not zero: `<partition> <item> <counter>` → number. */
async function stored(tenantId: string): Promise<Record<string, number>> {
  const partitions = ['counters', 'due#invoice', 'due#task', 'forecast'].map((name) => `${tenantId}#${name}`);
  const pages = await Promise.all(
    partitions.map((pk) => queryPage({ table: 'views', key: { text: 'pk = :pk', values: { ':pk': pk } } })),
  );
  return Object.fromEntries(
    pages
      .flatMap(({ items }) => items)
      .flatMap(({ pk, sk, ...counters }) =>
        Object.entries(counters)
          .filter(([, count]) => count !== 0)
          .map(([name, count]) => [`${pk} ${sk} ${name}`, Number(count)]),
      ),
  );
}

/** What they should be for these living records. */
function recount(tenantId: string, items: Item[]): Record<string, number> {
  const tally = new Tally();
  for (const item of items) tally.add(contributionsOf(tenantId, item.entity as FollowedEntity, item));
  return Object.fromEntries(
    [...tally.items()].flatMap(({ key, counters }) =>
      counters.map(([name, count]) => [`${key.pk} ${key.sk} ${name}`, Number(count)]),
    ),
  );
}

const money = fc.nat(1_000_000);
const currency = fc.constantFrom('USD', 'EUR', 'JPY');
const day = fc.constantFrom('1900-01-01', '2026-11-21', '2026-11-22', '2027-01-05', '9999-12-31');
const fields = {
  contact: fc.record({ stage: fc.constantFrom('lead', 'customer'), status: fc.constant('active') }),
  deal: fc.record(
    {
      pipelineId: fc.constantFrom('pipe_1', 'pipe_2'),
      stageId: fc.constantFrom('new', 'late'),
      status: fc.constantFrom('open', 'won'),
      amount: money,
      currency,
      probability: fc.nat(100),
      expectedCloseOn: day,
    },
    { requiredKeys: ['pipelineId', 'stageId', 'status', 'currency', 'probability'] },
  ),
  order: fc.record({ status: fc.constantFrom('draft', 'shipped'), total: money, currency }),
  invoice: fc.record(
    {
      status: fc.constantFrom('draft', 'open', 'paid'),
      total: money,
      amountDue: money,
      currency,
      dueOn: day,
    },
    { requiredKeys: ['status', 'total', 'amountDue', 'currency'] },
  ),
  task: fc.record(
    {
      state: fc.constantFrom(...taskStates),
      dueAt: day.map((date) => `${date}T08:15:30.000Z`),
    },
    { requiredKeys: ['state'] },
  ),
};

/** The life of a record: its values after each write; `undefined`: deleted until the next one. */
const life = fc.constantFrom(...(Object.keys(fields) as (keyof typeof fields)[])).chain((entity) =>
  fc.tuple(
    fc.constant(entity),
    fc.array(fc.option(fields[entity] as fc.Arbitrary<Item>, { nil: undefined, freq: 4 }), {
      minLength: 1,
      maxLength: 5,
    }),
  ),
);

function writesOf(tenantId: string, [entity, values]: [string, (Item | undefined)[]], at: number) {
  let before: Item | undefined;
  const records = values.map((value, index) => {
    const common = {
      entity,
      id: `${entity}_${at}`,
      version: index + 1,
      updatedAt: '2026-01-01T00:00:00.000Z',
    };
    const after: Item = value
      ? { ...common, ...value }
      : { ...before, ...common, deletedAt: common.updatedAt };
    // A task is not deleted but removed; here its life goes on with another write, which is as good.
    const record = streamRecord(tenantId, before, after);
    before = after;
    return record;
  });
  return { records, last: before?.deletedAt === undefined && before ? [before] : [] };
}

describe('counters', () => {
  test('equal a recount of all entities, whatever is repeated, split and out of order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(life, { minLength: 1, maxLength: 25 }),
        fc.infiniteStream(fc.nat(1_000_000)),
        async (lives, random) => {
          const next = () => random.next().value as number;
          const tenantId = newTenant();
          const written = lives.map((one, at) => writesOf(tenantId, one, at));
          const records = written.flatMap((each) => each.records);
          const shuffled = [...records, ...records.filter(() => next() % 3 === 0)]
            .map((record) => ({ record, at: next() }))
            .sort((a, b) => a.at - b.at)
            .map(({ record }) => record);
          while (shuffled.length > 0) {
            const batches = [1, 2].map(() => shuffled.splice(0, 1 + (next() % 30)));
            await Promise.all(batches.filter((batch) => batch.length > 0).map(deliver));
          }
          await deliver(records);
          expect(await stored(tenantId)).toEqual(
            recount(
              tenantId,
              written.flatMap(({ last }) => last),
            ),
          );
        },
      ),
      { numRuns: 12 },
    );
  });

  test('of a hundred changes in items of their own fit into transactions', async () => {
    const tenantId = newTenant();
    const items = Array.from({ length: 100 }, (_, at) => ({
      ...{ entity: 'deal', id: `deal_${at}`, version: 1, updatedAt: '2026-01-01T00:00:00.000Z' },
      ...{
        status: 'open',
        pipelineId: `pipe_${at}`,
        stageId: 'new',
        amount: 1,
        currency: 'USD',
        probability: 50,
      },
    }));
    await deliver(items.map((item) => streamRecord(tenantId, undefined, item)));
    expect(await stored(tenantId)).toEqual(recount(tenantId, items));
  });

  test('keep every unit of sums that no double can hold on the way', async () => {
    const tenantId = newTenant();
    const order = (id: string, total: number) => ({
      ...{ entity: 'order', id, version: 1, updatedAt: '2026-01-01T00:00:00.000Z' },
      ...{ status: 'draft', currency: 'USD', total },
    });
    const items = [order('a', Number.MAX_SAFE_INTEGER), order('b', Number.MAX_SAFE_INTEGER), order('c', 3)];
    await deliver(items.map((item) => streamRecord(tenantId, undefined, item)));
    const gone = items.slice(0, 2).map((item) => ({ ...item, version: 2, deletedAt: 'x' }));
    await deliver(gone.map((after, at) => streamRecord(tenantId, items[at], after)));
    expect((await readDashboard(tenantId, 'USD')).orders).toMatchObject({ total: 1, totalValue: 3 });
  });
});

describe('the dashboard', () => {
  const base = { version: 1, updatedAt: '2026-01-01T00:00:00.000Z' };
  const deal = (id: string, more: Item) => ({
    ...base,
    ...{ entity: 'deal', id, pipelineId: 'pipe_1', stageId: 'new', status: 'open', currency: 'USD' },
    ...more,
  });

  test('never mixes currencies and weighs each deal half up', async () => {
    const tenantId = newTenant();
    const items = [
      deal('d1', { amount: 1_001, probability: 50, expectedCloseOn: '2026-12-31' }),
      deal('d2', { amount: 50, probability: 1, expectedCloseOn: '2026-12-01' }),
      deal('d3', { amount: 700, probability: 10, currency: 'JPY' }),
      deal('d4', { amount: 9_000, probability: 100, status: 'won', stageId: 'won' }),
      deal('d5', { probability: 10, pipelineId: 'pipe_2' }),
    ];
    await deliver(items.map((item) => streamRecord(tenantId, undefined, item)));
    const { deals } = await readDashboard(tenantId, 'USD');
    expect(deals).toMatchObject({
      total: 5,
      totalValue: 10_051,
      openValue: 1_051,
      weightedValue: 502,
      valueByCurrency: [
        { currency: 'JPY', value: 700, count: 1 },
        { currency: 'USD', value: 10_051, count: 3 },
      ],
      byStatus: [
        { status: 'open', count: 4, totalValue: 1_051 },
        { status: 'won', count: 1, totalValue: 9_000 },
        { status: 'lost', count: 0, totalValue: 0 },
      ],
    });
    expect(deals.byStage).toEqual([
      expect.objectContaining({ pipelineId: 'pipe_1', stage: 'new', count: 3, totalValue: 1_051 }),
      expect.objectContaining({ pipelineId: 'pipe_1', stage: 'won', count: 1, totalValue: 9_000 }),
      expect.objectContaining({ pipelineId: 'pipe_2', stage: 'new', count: 1, totalValue: 0 }),
    ]);
    const december = { month: '2026-12', count: 2 };
    const undatedJpy = { currency: 'JPY', count: 1, amount: 700, weighted: 70 };
    expect(await readForecast(tenantId, undefined, '2026-01', '2026-12')).toEqual([
      { ...december, byCurrency: [{ currency: 'USD', count: 2, amount: 1_051, weighted: 502 }] },
      { month: null, count: 2, byCurrency: [undatedJpy] },
    ]);
    expect(await readForecast(tenantId, 'pipe_2', '2026-01', '2026-12')).toEqual([
      { month: null, count: 1, byCurrency: [] },
    ]);
    expect(await readForecast(tenantId, 'pipe_1', '2027-01', '2027-12')).toEqual([
      { month: null, count: 1, byCurrency: [undatedJpy] },
    ]);
  });

  test('knows what is overdue at any moment, without a write that makes it so', async () => {
    const tenantId = newTenant();
    const due = [
      '1900-01-01',
      '2025-11-30',
      '2026-10-31',
      '2026-11-21',
      '2026-11-22',
      '2026-12-01',
      '9999-01-01',
    ];
    const invoices = due.map((dueOn, at) => ({
      ...{ ...base, entity: 'invoice', id: `inv_${at}`, status: 'open', dueOn },
    }));
    const minutes = ['08:14:59.999', '08:15:00.000', '08:16:00.000'];
    const tasks = [
      ...due.map((date) => `${date}T12:00:00.000Z`),
      ...minutes.map((time) => `2026-11-22T${time}Z`),
    ]
      .map((dueAt, at) => ({ ...base, entity: 'task', id: `task_${at}`, state: 'ready', dueAt }))
      .concat([
        { ...base, entity: 'task', id: 'task_x', state: 'cancelled', dueAt: '2026-01-01T00:00:00.000Z' },
      ]);
    await deliver([...invoices, ...tasks].map((item) => streamRecord(tenantId, undefined, item)));
    const overdueAt = async (moment: string) => {
      jest.useFakeTimers({ now: new Date(moment), doNotFake: ['nextTick', 'setImmediate', 'setTimeout'] });
      try {
        const dashboard = await readDashboard(tenantId, 'USD');
        return [dashboard.invoices.overdue, dashboard.tasks.overdue];
      } finally {
        jest.useRealTimers();
      }
    };
    expect(await overdueAt('2026-11-22T08:15:30.000Z')).toEqual([4, 5]);
    expect(await overdueAt('2026-11-22T08:16:00.000Z')).toEqual([4, 6]);
    expect(await overdueAt('2026-11-23T00:00:00.000Z')).toEqual([5, 8]);
    expect(await overdueAt('2026-12-01T00:00:00.000Z')).toEqual([5, 8]);
    expect(await overdueAt('2030-01-01T00:00:00.000Z')).toEqual([6, 9]);
  });
});

test('what is due is placed by day, and by minute where it has a time', () => {
  expect(dueTimeOf('2026-11-22')).toEqual({ month: '2026-11', day: '22' });
  expect(dueTimeOf('2026-11-22T08:15:30.000Z')).toEqual({ month: '2026-11', day: '22', minute: '08:15' });
  expect(dueTimeOf('9999-12-31')).toEqual({ month: '2199-12', day: '31' });
  expect(dueTimeOf('0001-01-01T00:00:00.000Z')).toEqual({ month: '1970-01', day: '01', minute: '00:00' });
  expect(taskStates.filter((state) => !hasEnded(state))).toHaveLength(4);
});
