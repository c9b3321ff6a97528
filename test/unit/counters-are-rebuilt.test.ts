import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import type { BuiltinContext } from '../../functions/runner/builtin.ts';
import { rebuildCounters } from '../../functions/runner/recount/rebuild-counters.ts';
import type { FollowedEntity } from '../../functions/shared/counted-fields.ts';
import type { Item, Key } from '../../functions/shared/dynamo/item.ts';
import { deleteItem, putItem, updateItem } from '../../functions/shared/dynamo/table.ts';
import type { TaskItem } from '../../functions/tasks/task.ts';
import { countersOf, deliver, startFollowing, storedCounters } from '../support/followed-changes.ts';
import { readStream } from '../support/stream.ts';

let following: Awaited<ReturnType<typeof startFollowing>>;
let tenants = 0;
let tenantId: string;
/** What is in the tables, by id. */
let items: Map<string, Item & Key>;
const seen: { crm?: string; tasks?: string } = {};

beforeAll(async () => {
  following = await startFollowing();
});

afterAll(() => following.stop());

beforeEach(() => {
  tenants += 1;
  tenantId = `t${tenants}`;
  items = new Map();
});

/** The next version of a record. */
async function write(entity: 'order' | 'deal' | 'task', id: string, members: Item): Promise<void> {
  const { deletedAt: _deletedAt, ...before } = items.get(id) ?? ({ version: 0 } as Item);
  const isTask = entity === 'task';
  const key = isTask ? { pk: `${tenantId}#task#${id}`, sk: 'task' } : { pk: `${tenantId}#${entity}`, sk: id };
  const ofTasks = { tenantId, type: 'todo', typeVersion: 1, lease: 0, attempts: {} };
  const item = {
    ...{ ...before, ...key, entity, id, version: Number(before.version) + 1 },
    ...{ updatedAt: new Date().toISOString(), updatedBy: 'user', ...members },
    ...(isTask && { ...ofTasks, createdPk: `${tenantId}#tasks`, sortId: id }),
  };
  await putItem(isTask ? 'tasks' : 'crm', item);
  items.set(id, item);
}

/** Hands the changes function what the streams have; from time to time some of it twice. */
async function follow(): Promise<DynamoDBRecord[]> {
  const all: DynamoDBRecord[] = [];
  for (const table of ['crm', 'tasks'] as const) {
    const records = await readStream(following.endpoint, table, seen[table]);
    seen[table] = records.at(-1)?.dynamodb?.SequenceNumber ?? seen[table];
    const batch = records.length % 2 === 0 ? records : [...records, ...records.slice(0, 2)];
    await deliver(batch);
    all.push(...records);
  }
  return all;
}

const stored = () => storedCounters(tenantId);
const recount = () => countersOf(tenantId, items.values());

/** Runs the task in slices until it has ended; each has its checkpoint from the one before, but for lost ones. */
async function rebuild(
  entities: FollowedEntity[],
  { pages = Number.POSITIVE_INFINITY, patienceMillis = 20_000, pageSize = 20 } = {},
) {
  let checkpoint: string | undefined;
  for (let slice = 1; ; slice += 1) {
    let looks = 0;
    const context: BuiltinContext = {
      task: {
        id: 'task_r',
        tenantId,
        input: JSON.stringify({ entities }),
        checkpoint,
      } as unknown as TaskItem,
      requestId: 'r',
      remainingMillis: () => (++looks > pages ? 0 : 60_000),
      report: async () => false,
    };
    const outcome = await rebuildCounters(context, { pageSize, patienceMillis });
    // biome-ignore lint/suspicious/noExplicitAny: what a built-in type answers is its own affair
    if ('result' in outcome) return outcome.result as any;
    // Every other slice dies before it is kept.
    if (slice % 2 === 0) checkpoint = outcome.checkpoint;
  }
}

const order = (at: number) => ({
  status: at % 3 ? 'draft' : 'shipped',
  total: at * 7,
  currency: at % 2 ? 'USD' : 'EUR',
});
const id = (entity: string, at: number) => `${entity}_${String(at).padStart(4, '0')}`;

test('counters that were lost or are wrong are corrected, and the task tells which', async () => {
  for (let at = 0; at < 30; at += 1) await write('order', id('order', at), order(at));
  await write('order', id('order', 0), { deletedAt: new Date().toISOString() });
  await follow();
  expect(await stored()).toEqual(recount());
  const key = { pk: `${tenantId}#counters`, sk: 'order' };
  await updateItem('views', key, {
    text: 'ADD #total :two, #ghost :one SET #draft = :none',
    names: { '#total': 'total', '#ghost': 'status:ghost', '#draft': 'status:draft' },
    values: { ':two': 2, ':one': 1, ':none': 0 },
  });
  const { records, corrected, differences } = await rebuild(['order']);
  expect(await stored()).toEqual(recount());
  expect({ records, corrected }).toEqual({ records: { order: 30 }, corrected: 3 });
  expect(differences).toContainEqual({ item: 'counters order', counter: 'total', was: 31, is: 29 });
  await deleteItem('views', key);
  await rebuild(['order', 'contact'], { pages: 1 });
  expect(await stored()).toEqual(recount());
  expect(await rebuild(['order'])).toMatchObject({ corrected: 0 });
});

test('while writes go on, whatever is repeated or dies, no write is missed or counted twice', async () => {
  const stages = ['new', 'late'];
  const deal = (at: number) => ({
    ...{ pipelineId: 'pipe_1', stageId: stages[at % 2], status: 'open', probability: at % 100 },
    ...{ amount: at, currency: 'USD', expectedCloseOn: `2026-1${at % 3}-01` },
  });
  const states = ['ready', 'claimed', 'completed'];
  const task = (at: number) => ({ state: states[at % 3], dueAt: `2026-11-22T08:${10 + (at % 40)}:00.000Z` });
  for (let at = 0; at < 40; at += 1) {
    await write('deal', id('deal', at), deal(at));
    await write('task', id('task', at), task(at));
  }
  await follow();
  await updateItem(
    'views',
    { pk: `${tenantId}#counters`, sk: 'deal' },
    { text: 'ADD #total :two', names: { '#total': 'total' }, values: { ':two': 2 } },
  );
  await deleteItem('views', { pk: `${tenantId}#due#task`, sk: '2026-11' });
  let going = true;
  const writer = async () => {
    for (let at = 0; going; at += 1) {
      const [one, other] = [(at * 37) % 50, (at * 53) % 50];
      const gone = items.get(id('deal', one))?.deletedAt === undefined && at % 3 === 0;
      await write('deal', id('deal', one), gone ? { deletedAt: new Date().toISOString() } : deal(at + 1));
      // A heartbeat has no entry in the history.
      await write('task', id('task', other), at % 4 ? task(at) : { progressCount: at });
      await new Promise((wake) => setTimeout(wake, 20));
    }
  };
  const follower = async () => {
    while (going) await follow();
  };
  const others = Promise.all([writer(), follower()]);
  await rebuild(['deal', 'task'], { pages: 3 });
  going = false;
  await others;
  await follow();
  expect(await stored()).toEqual(recount());
});

test('a write that is never followed is counted, and not again when it comes after all', async () => {
  await write('order', id('order', 1), order(1));
  await write('task', id('task', 1), { state: 'ready' });
  const late: DynamoDBRecord[] = [];
  for (const table of ['crm', 'tasks'] as const) {
    const records = await readStream(following.endpoint, table, seen[table]);
    seen[table] = records.at(-1)?.dynamodb?.SequenceNumber ?? seen[table];
    late.push(...records);
  }
  await rebuild(['order', 'task'], { patienceMillis: 300 });
  expect(await stored()).toEqual(recount());
  await deliver(late);
  expect(await stored()).toEqual(recount());
});
