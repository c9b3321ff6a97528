import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readDashboard } from '../../functions/crm/dashboard/dashboard.ts';
import type { Item } from '../../functions/shared/dynamo/item.ts';
import { taskStates } from '../../functions/tasks/lifecycle/state-machine.ts';
import {
  countersOf,
  deliver,
  startFollowing,
  storedCounters,
  streamRecord,
} from '../support/followed-changes.ts';
import { fc } from '../support/property.ts';

let following: Awaited<ReturnType<typeof startFollowing>>;
let tenants = 0;

beforeAll(async () => {
  following = await startFollowing();
});

afterAll(() => following.stop());

const newTenant = () => `t${++tenants}`;

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
          expect(await storedCounters(tenantId)).toEqual(
            countersOf(
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
    expect(await storedCounters(tenantId)).toEqual(countersOf(tenantId, items));
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
