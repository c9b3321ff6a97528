import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { TaskItem } from '../../functions/tasks/task.ts';
import { type CallCounter, countCalls } from '../support/call-counter.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import {
  claim,
  claimOne,
  enqueue,
  holderOf,
  newActor,
  pause,
  problemCode,
  registerType,
} from '../support/tasks.ts';

const { completeTask } = await import('../../functions/tasks/lease/settle.ts');
const { findType } = await import('../../functions/tasks/types/type-registry.ts');

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

const ids = (tasks: TaskItem[]) => tasks.map(({ id }) => id);

describe('claiming', () => {
  test('leases the task with its input and takes it out of the queue', async () => {
    const actor = newActor();
    await registerType(actor);
    const made = await enqueue(actor, { input: { to: 'a@b.c', count: 0 } });
    const leased = await claimOne(actor);
    expect(leased).toMatchObject({ id: made.id, state: 'claimed', attempt: 1, workerId: 'worker-1' });
    expect(leased.input).toBe('{"to":"a@b.c","count":0}');
    expect(leased.leaseToken).toMatch(/^[\w-]{22}\./);
    expect(Date.parse(leased.leaseExpiresAt as string) - Date.now()).toBeGreaterThan(28_000);
    expect(await claim(actor)).toEqual([]);
  });

  test('goes first in, first out; a priority is a head start; negative ones come when nothing else is there', async () => {
    const actor = newActor();
    await registerType(actor, 'email.send', { priorityWeightSeconds: 60 });
    const first = await enqueue(actor);
    const second = await enqueue(actor);
    const low = await enqueue(actor, { priority: -50 });
    const high = await enqueue(actor, { priority: 1 });
    const order = [];
    for (let at = 0; at < 4; at += 1) order.push((await claimOne(actor)).id);
    expect(order).toEqual([high.id, first.id, second.id, low.id]);
  });

  test('in the order newest takes the other end', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    const last = await enqueue(actor);
    expect((await claimOne(actor, { order: 'newest' })).id).toBe(last.id);
  });

  test('several types at once are merged by rank', async () => {
    const actor = newActor();
    await registerType(actor, 'a');
    await registerType(actor, 'b');
    const made = [];
    for (const type of ['b', 'a', 'b', 'a']) made.push(await enqueue(actor, { type }));
    expect(ids(await claim(actor, { types: ['a', 'b'], max: 3 }))).toEqual(ids(made.slice(0, 3)));
  });

  test('does not see later tasks before their time, then does', async () => {
    const actor = newActor();
    await registerType(actor);
    const later = await enqueue(actor, { runAt: new Date(Date.now() + 1_500).toISOString() });
    expect(later.state).toBe('scheduled');
    expect(await claim(actor)).toEqual([]);
    expect(await claim(actor, { waitSeconds: 6 })).toMatchObject([{ id: later.id, state: 'claimed' }]);
  });

  test('tasks whose time has come do not hide others of a higher priority', async () => {
    const actor = newActor();
    await registerType(actor);
    const runAt = (millis: number) => new Date(Date.now() + millis).toISOString();
    for (let at = 0; at < 3; at += 1) await enqueue(actor, { runAt: runAt(1_000), priority: -100 });
    const urgent = await enqueue(actor, { runAt: runAt(1_500), priority: 100 });
    const ready = [await enqueue(actor), await enqueue(actor), await enqueue(actor)];
    await pause(1_600);
    const order = [];
    for (let at = 0; at < 4; at += 1) order.push((await claimOne(actor)).id);
    // One is looked at and moved out of the way by each claim.
    expect(order).toEqual([...ids(ready), urgent.id]);
    expect(await claim(actor, { max: 10 })).toHaveLength(3);
  });

  test('waiting ends soon after a task becomes ready', async () => {
    const actor = newActor();
    await registerType(actor);
    const waiting = claim(actor, { waitSeconds: 20 });
    await pause(300);
    const enqueuedAt = Date.now();
    const made = await enqueue(actor);
    expect(ids(await waiting)).toEqual([made.id]);
    expect(Date.now() - enqueuedAt).toBeLessThan(15_000);
  });

  test('waiting looks at the same pace throughout, and at what is due four times a second', async () => {
    const actor = newActor();
    await registerType(actor);
    counter.take();
    expect(await claim(actor, { waitSeconds: 4 })).toEqual([]);
    const calls = counter.take();
    expect(new Set(calls)).toEqual(new Set(['GetItem', 'Query']));
    const queries = calls.filter((operation) => operation === 'Query').length;
    expect(queries).toBeGreaterThan(10);
    // At most 25 looks a second, and beside them four at what is due.
    expect(queries).toBeLessThanOrEqual(4 * 29 + 2);
  }, 15_000);

  test('gives the lease of the type as it was when the task was made', async () => {
    const actor = newActor();
    await registerType(actor, 'email.send', { leaseSeconds: 1_000, retentionDays: 3 });
    await enqueue(actor);
    await registerType(actor, 'email.send', { leaseSeconds: 10 });
    // A sandbox keeps the type for 30 s.
    const realNow = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(realNow + 31_000);
    expect(await findType(actor.caller.tenantId, 'email.send')).toMatchObject({ leaseSeconds: 10 });
    clock.mockRestore();
    const task = await claimOne(actor);
    expect(task.typeVersion).toBe(1);
    expect(Date.parse(task.leaseExpiresAt as string) - realNow).toBeGreaterThan(900_000);
    const later = await enqueue(actor);
    expect((await claimOne(actor)).id).toBe(later.id);
  });

  test('another tenant of the same type name sees nothing', async () => {
    const [one, other] = [newActor(), newActor()];
    await registerType(one);
    await registerType(other);
    await enqueue(one);
    expect(await claim(other)).toEqual([]);
  });

  test('is refused for unknown types, types of people, and types outside the key', async () => {
    const actor = newActor();
    await registerType(actor);
    expect(await problemCode(claim(actor, { types: ['no.such'] }))).toBe('validation_failed');
    expect(await problemCode(claim(actor, { types: ['todo'] }))).toBe('validation_failed');
    expect(await problemCode(claim(actor, { types: ['records.import'] }))).toBe('validation_failed');
    const scoped = {
      ...actor,
      caller: { ...actor.caller, role: 'worker' as const, taskTypes: ['sms.send'] },
    };
    expect(await problemCode(claim(scoped))).toBe('forbidden');
    expect(await problemCode(enqueue(scoped))).toBe('forbidden');
  });
});

describe('sixteen claimers at once', () => {
  test('never share a lease, lose no task and get no error', async () => {
    const actor = newActor();
    await registerType(actor);
    const made = await Promise.all(Array.from({ length: 200 }, () => enqueue(actor)));
    counter.take();
    const leases: TaskItem[] = [];
    await Promise.all(
      Array.from({ length: 16 }, async (_, worker) => {
        for (;;) {
          const got = await claim(actor, { workerId: `worker-${worker}`, max: 1 + (worker % 3) });
          if (got.length === 0) return;
          leases.push(...got);
        }
      }),
    );
    expect(new Set(ids(leases)).size).toBe(200);
    expect(leases.length).toBe(200);
    expect(new Set(ids(leases))).toEqual(new Set(ids(made)));
    const writes = counter.take().filter((operation) => operation === 'UpdateItem').length;
    // Wasted writes: fewer than one for each task that was leased.
    expect(writes).toBeLessThan(400);
  });

  test('on few tasks give each task to one of them and go home', async () => {
    const actor = newActor();
    await registerType(actor);
    await Promise.all(Array.from({ length: 5 }, () => enqueue(actor)));
    const got = await Promise.all(
      Array.from({ length: 16 }, (_, worker) => claim(actor, { workerId: `worker-${worker}` })),
    );
    expect(new Set(ids(got.flat())).size).toBe(5);
    expect(got.flat().length).toBe(5);
  });
});

describe('a claim that is repeated under its claimId', () => {
  test('gives the same leases, also when more is ready by then', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    await enqueue(actor);
    const first = await claim(actor, { claimId: 'c-1', max: 2 });
    await enqueue(actor);
    const again = await claim(actor, { claimId: 'c-1', max: 2 });
    expect(again.map(({ leaseToken }) => leaseToken).sort()).toEqual(
      first.map(({ leaseToken }) => leaseToken).sort(),
    );
    expect(await claim(actor, { claimId: 'c-2', max: 2 })).toHaveLength(1);
  });

  test('gives them at once when nothing else is ready, however long it may wait', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    const [first] = await claim(actor, { claimId: 'c-1' });
    const began = Date.now();
    const [again] = await claim(actor, { claimId: 'c-1', waitSeconds: 20 });
    expect(again?.leaseToken).toBe(first?.leaseToken);
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  test('leaves out what was settled in between and takes nothing new for it', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    const [first] = await claim(actor, { claimId: 'c-1' });
    await completeTask(holderOf(first as TaskItem), null, actor);
    await enqueue(actor);
    expect(await claim(actor, { claimId: 'c-1' })).toEqual([]);
  });

  test('is refused when it asks for something else', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    await claim(actor, { claimId: 'c-1' });
    expect(await problemCode(claim(actor, { claimId: 'c-1', max: 5 }))).toBe('idempotency_mismatch');
  });

  test('concurrent claims of one id share one lease', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    await enqueue(actor);
    const both = await Promise.all([claim(actor, { claimId: 'c-1' }), claim(actor, { claimId: 'c-1' })]);
    expect(both[0]?.[0]?.leaseToken).toBe(both[1]?.[0]?.leaseToken);
    expect(await claim(actor)).toHaveLength(1);
  });

  test('concurrent claims of one id that wait share a lease soon after one of them has it', async () => {
    const actor = newActor();
    await registerType(actor);
    const waiting = [1, 2, 3].map(() => claim(actor, { claimId: 'c-1', waitSeconds: 20 }));
    await pause(500);
    const began = Date.now();
    const task = await enqueue(actor);
    for (const leased of await Promise.all(waiting))
      expect(leased).toMatchObject([{ id: task.id, lease: 1 }]);
    expect(Date.now() - began).toBeLessThan(10_000);
  }, 30_000);

  test('goes on waiting where others had the tasks', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    const waiting = Array.from({ length: 8 }, (_, at) =>
      claim(actor, { claimId: `c-${at}`, waitSeconds: 10 }),
    );
    await pause(1_000);
    for (let made = 1; made < 8; made += 1) await enqueue(actor);
    const leased = (await Promise.all(waiting)).flat();
    expect(new Set(ids(leased)).size).toBe(8);
  }, 30_000);

  test('concurrent claims of one id share all leases, also when one looks while the other is taking them', async () => {
    const actor = newActor();
    await registerType(actor);
    for (let made = 0; made < 5; made += 1) await enqueue(actor);
    const four = await Promise.all([1, 2, 3, 4].map(() => claim(actor, { claimId: 'c-1', max: 5 })));
    const tokens = four.map((tasks) => tasks.map(({ leaseToken }) => leaseToken).sort());
    expect(tokens[0]).toHaveLength(5);
    for (const others of tokens) expect(others).toEqual(tokens[0]);
  });
});
