import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Actor } from '../../functions/shared/actor.ts';
import { arrivalAfter, nextStart, startsLeft, worth } from '../../functions/tasks/limits/gcra.ts';
import { noteSlots } from '../../functions/tasks/limits/limiter-item.ts';
import { firstSlotEnd, freeSlots } from '../../functions/tasks/limits/slots.ts';
import type { TaskItem } from '../../functions/tasks/task.ts';
import { type CallCounter, countCalls } from '../support/call-counter.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { fc } from '../support/property.ts';
import { claim, claimOne, enqueue, holderOf, newActor, pause, registerType } from '../support/tasks.ts';

const { claimById } = await import('../../functions/tasks/claim/claim-by-id.ts');
const { readLimiter } = await import('../../functions/tasks/limits/limiter-item.ts');
const { reserve } = await import('../../functions/tasks/limits/reserve.ts');
const { findType } = await import('../../functions/tasks/types/type-registry.ts');
const { getTask } = await import('../../functions/tasks/find-tasks.ts');
const { heartbeat } = await import('../../functions/tasks/lease/heartbeat.ts');
const { completeTask, failTask, releaseTask } = await import('../../functions/tasks/lease/settle.ts');

let dynamo: TestDynamo;
let counter: CallCounter;

beforeAll(async () => {
  dynamo = await startDynamo();
  counter = await countCalls(dynamo.endpoint);
});

afterAll(async () => {
  await counter?.stop();
  await dynamo?.stop();
});

const type = 'email.send';

async function limited(limits: Record<string, unknown>, tasks = 0): Promise<Actor> {
  const actor = newActor();
  await registerType(actor, type, limits);
  for (let at = 0; at < tasks; at += 1) await enqueue(actor);
  return actor;
}

const heldBy = async ({ caller }: Actor) => [...(await readLimiter(caller.tenantId, type)).slots.keys()];

describe('the rate', () => {
  const limits = fc.record({
    count: fc.integer({ min: 1, max: 10_000 }),
    perSeconds: fc.integer({ min: 1, max: 86_400 }),
  });

  test('lets as many start at once as it counts, and then one each interval', () => {
    fc.assert(
      fc.property(limits, (limit) => {
        const now = 1_700_000_000_000;
        expect(startsLeft(limit, undefined, now)).toBe(limit.count);
        const spent = arrivalAfter(limit, undefined, limit.count, now);
        expect(startsLeft(limit, spent, now)).toBe(0);
        const next = nextStart(limit, spent, now);
        expect(startsLeft(limit, spent, next)).toBeGreaterThanOrEqual(1);
        expect(startsLeft(limit, spent, now + limit.perSeconds * 1_000)).toBe(limit.count);
      }),
    );
  });

  test('never lets more start in any time than the bucket held and the time gave', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 1, max: 20 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(limits, steps, (limit, moves) => {
        const begin = 1_700_000_000_000;
        let now = begin;
        let arrival: number | undefined;
        let started = 0;
        for (const [wait, wanted] of moves) {
          now += wait;
          const starts = Math.min(wanted, startsLeft(limit, arrival, now));
          if (starts === 0) continue;
          arrival = arrivalAfter(limit, arrival, starts, now);
          started += starts;
          const allowed = limit.count + ((now - begin) * limit.count) / (limit.perSeconds * 1_000);
          // Whole microseconds are up to one per cent of what a start is worth.
          expect(started).toBeLessThanOrEqual(allowed + started * 0.01 + 1e-3);
        }
      }),
    );
  });

  test('takes starts back that were not made', () => {
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 5 }), (limit, starts) => {
        const now = 1_700_000_000_000;
        const some = Math.min(starts, limit.count);
        const arrival = arrivalAfter(limit, undefined, some, now) - worth(limit, some);
        expect(startsLeft(limit, arrival, now)).toBe(limit.count);
      }),
    );
  });
});

describe('slots', () => {
  test('are free when nobody has them or their lease is over, and none is while more are held than allowed', () => {
    const state = { slots: new Map() };
    noteSlots(state, {
      sk: 'slots#00',
      s0: { h: 'a', u: 50 },
      s1: { h: 'b', u: 150 },
      s7: { h: 'c', u: 200 },
    });
    expect(freeSlots(state, 4, 100)).toEqual([0, 2]);
    expect(freeSlots(state, 3, 100)).toEqual([0]);
    expect(freeSlots(state, 2, 100)).toEqual([]);
    expect(freeSlots(state, 1, 100)).toEqual([]);
    expect(freeSlots(state, 2, 200)).toEqual([0, 1]);
    expect(firstSlotEnd(state, 100)).toBe(150);
  });
});

describe('a type with concurrency', () => {
  test('has at most so many leases at one time, and one more when one was settled in any way', async () => {
    const actor = await limited({ concurrency: 2 }, 8);
    const first = await claim(actor, { max: 25 });
    expect(first).toHaveLength(2);
    expect(await claim(actor, { max: 25 })).toEqual([]);
    const error = { code: 'x', message: 'x' };
    const ways = [
      (task: TaskItem) => completeTask(holderOf(task), null, actor),
      (task: TaskItem) => failTask(holderOf(task), { error, retryable: false }, actor),
      (task: TaskItem) => releaseTask(holderOf(task), 60, actor),
    ];
    for (const settle of ways) {
      const task = first.shift() as TaskItem;
      await settle(task);
      const next = await claim(actor, { max: 25 });
      expect(next).toHaveLength(1);
      first.push(...next);
    }
    expect(await heldBy(actor)).toHaveLength(2);
  });

  test('costs a Query and an UpdateItem more for a claim, and an UpdateItem to settle or extend', async () => {
    const actor = await limited({ concurrency: 2 }, 3);
    await completeTask(holderOf(await claimOne(actor)), null, actor);
    await pause(10);
    counter.take();
    const task = await claimOne(actor);
    // Now and then one more, at what became due.
    const calls = counter.take().sort().join();
    expect(calls).toMatch(/^Query,Query,(Query,)?UpdateItem,UpdateItem$/);
    await heartbeat(holderOf(task), {}, actor);
    expect(counter.take()).toEqual(['UpdateItem', 'UpdateItem']);
    await completeTask(holderOf(task), null, actor);
    expect(counter.take()).toEqual(['UpdateItem', 'UpdateItem']);
  });

  test('of another type in the same claim is not held up by one that is full', async () => {
    const actor = await limited({ concurrency: 1 }, 30);
    await registerType(actor, 'other');
    await claimOne(actor);
    const other = await enqueue(actor, { type: 'other' });
    expect((await claim(actor, { types: [type, 'other'] })).map(({ id }) => id)).toEqual([other.id]);
  });

  test('of more than one item of slots uses them all', async () => {
    const actor = await limited({ concurrency: 60 }, 70);
    const leased: TaskItem[] = [];
    for (let at = 0; at < 4; at += 1) leased.push(...(await claim(actor, { max: 25 })));
    expect(leased).toHaveLength(60);
    expect(new Set(await heldBy(actor)).size).toBe(60);
  });
});

describe('a type with a rate limit', () => {
  test('whose starts were given back goes on with fractions of milliseconds', async () => {
    const actor = await limited({ rateLimit: { count: 7, perSeconds: 3 } });
    const { tenantId } = actor.caller;
    const current = await findType(tenantId, type);
    if (!current) throw new Error('no type');
    const { giveBack } = await import('../../functions/tasks/limits/reserve.ts');
    for (let round = 0; round < 20; round += 1) {
      const at = Date.now();
      const { granted } = await reserve(tenantId, current, 3, at + 1_000, at);
      expect(granted).toBe(3);
      await giveBack(tenantId, current, [], 3);
    }
    const at = Date.now();
    expect((await reserve(tenantId, current, 25, at + 1_000, at)).granted).toBe(7);
  });
});

describe('claiming by id', () => {
  test('is limited as well, says when to come again, and takes nothing then', async () => {
    const actor = await limited({ concurrency: 1, rateLimit: { count: 2, perSeconds: 60 } });
    const tasks = [await enqueue(actor), await enqueue(actor), await enqueue(actor)];
    const take = async (task: TaskItem) =>
      claimById(await getTask(task.id, actor), { workerId: 'runner', leaseSeconds: 2 }, actor);
    const first = await take(tasks[0] as TaskItem);
    if (typeof first === 'string' || !('task' in first)) throw new Error('was not leased');
    const before = Date.now();
    const refused = await take(tasks[1] as TaskItem);
    if (typeof refused === 'string' || !('limitedUntil' in refused)) throw new Error('was not refused');
    expect(refused.limitedUntil).toBeGreaterThan(before);
    expect(refused.limitedUntil).toBeLessThanOrEqual(Date.parse(first.task.leaseExpiresAt as string));
    expect((await getTask((tasks[1] as TaskItem).id, actor)).state).toBe('ready');
    await completeTask(holderOf(first.task), null, actor);
    const second = await take(tasks[1] as TaskItem);
    if (typeof second === 'string' || !('task' in second)) throw new Error('was not leased');
    await completeTask(holderOf(second.task), null, actor);
    const third = await take(tasks[2] as TaskItem);
    if (typeof third === 'string' || !('limitedUntil' in third)) throw new Error('was not refused');
    expect(third.limitedUntil - Date.now()).toBeGreaterThan(20_000);
  });

  test('gives its slot back when somebody else had the task', async () => {
    const actor = await limited({ concurrency: 5 });
    const task = await enqueue(actor);
    await claimOne(actor);
    expect(await claimById(task, { workerId: 'runner' }, actor)).toBe('lost');
    expect(await heldBy(actor)).toHaveLength(1);
  });
});

describe('a lowered limit', () => {
  test('lets nothing new begin until the leases are as few', async () => {
    const actor = await limited({ concurrency: 5 }, 10);
    const { tenantId } = actor.caller;
    const leased = await claim(actor, { max: 5 });
    expect(leased).toHaveLength(5);
    const current = await findType(tenantId, type);
    if (!current) throw new Error('no type');
    const lowered = { ...current, concurrency: 3 };
    const room = async () => (await reserve(tenantId, lowered, 1, Date.now() + 1, Date.now())).granted;
    expect(await room()).toBe(0);
    for (const task of leased.slice(0, 2)) await completeTask(holderOf(task), null, actor);
    expect(await room()).toBe(0);
    await completeTask(holderOf(leased[2] as TaskItem), null, actor);
    expect(await room()).toBe(1);
  });
});

describe('a sharded queue', () => {
  test('gives every task once, also those from before it was sharded', async () => {
    const actor = await limited({}, 10);
    const { tenantId } = actor.caller;
    const old = await findType(tenantId, type);
    if (!old) throw new Error('no type');
    const { newTask } = await import('../../functions/tasks/enqueue/new-task.ts');
    const { putItem } = await import('../../functions/shared/dynamo/table.ts');
    const { readCandidates } = await import('../../functions/tasks/claim/candidates.ts');
    const sharded = { ...old, readyShards: 5 };
    const input = { type, priority: 0, onDependencyFailure: 'cancel' as const };
    for (let at = 0; at < 40; at += 1) await putItem('tasks', newTask(input, sharded, actor, new Date()));
    const look = { enough: 100, count: 100, order: 'rank' as const, nowMillis: Date.now() };
    const { first: found } = await readCandidates(tenantId, [sharded], look);
    expect(new Set(found.map(({ id }) => id)).size).toBe(50);
    expect((await readCandidates(tenantId, [old], look)).first).not.toHaveLength(50);
    // Another type in the same claim takes its own turns.
    const { first: beside } = await readCandidates(tenantId, [sharded, { ...sharded, name: 'empty' }], look);
    expect(new Set(beside.map(({ id }) => id)).size).toBe(50);
    expect(beside).toHaveLength(50);
    counter.take();
    await readCandidates(tenantId, [sharded], { ...look, enough: 1 });
    expect(counter.take().filter((operation) => operation === 'Query').length).toBeLessThanOrEqual(2);
  });
});
