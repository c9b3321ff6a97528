import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Actor } from '../../functions/shared/actor.ts';
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

const { getTask } = await import('../../functions/tasks/find-tasks.ts');
const { heartbeat } = await import('../../functions/tasks/lease/heartbeat.ts');
const { completeTask } = await import('../../functions/tasks/lease/settle.ts');

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

const type = 'email.send';

async function limited(limits: Record<string, unknown>, tasks = 0): Promise<Actor> {
  const actor = newActor();
  await registerType(actor, type, limits);
  for (let at = 0; at < tasks; at += 1) await enqueue(actor);
  return actor;
}

describe('a type with concurrency', () => {
  test.concurrent('frees the slot of a worker that died when the lease ends, not later', async () => {
    const actor = await limited({ concurrency: 1 }, 2);
    const dead = await claimOne(actor, { leaseSeconds: 1 });
    const next = await claimOne(actor, { waitSeconds: 10 });
    const late = Date.now() - Date.parse(dead.leaseExpiresAt as string);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(9_000);
    // The dead worker frees nobody else's slot.
    if (next.id !== dead.id) await completeTask(holderOf(dead), null, actor);
    expect(await claim(actor)).toEqual([]);
  });

  test.concurrent('keeps the slot of a lease that is extended', async () => {
    const actor = await limited({ concurrency: 1 }, 2);
    const task = await claimOne(actor, { leaseSeconds: 3 });
    await heartbeat(holderOf(task), { leaseSeconds: 30 }, actor);
    await pause(3_100);
    expect(await claim(actor)).toEqual([]);
    await heartbeat(holderOf(task), { leaseSeconds: 1 }, actor);
    await pause(1_100);
    expect(await claim(actor)).toHaveLength(1);
  });

  test.concurrent('ends what has come to its end without a slot', async () => {
    const actor = await limited({ concurrency: 1 }, 1);
    await claimOne(actor);
    const passing = await enqueue(actor, { startBy: new Date(Date.now() + 3_000).toISOString() });
    await pause(3_100);
    expect(await claim(actor)).toEqual([]);
    expect((await getTask(passing.id, actor)).state).toBe('expired');
  });

  test.concurrent('holds for twenty claimers at once, some of whom never answer', async () => {
    const total = 60;
    const actor = await limited({ concurrency: 3, retry: { maxAttempts: 50 } });
    await Promise.all(Array.from({ length: total }, () => enqueue(actor)));
    /** When each lease began, and when it was over or settled. */
    const spans: [number, number][] = [];
    const done = new Set<string>();
    const until = Date.now() + 80_000;
    let claims = 0;
    await Promise.all(
      Array.from({ length: 20 }, async (_, worker) => {
        while (done.size < total && Date.now() < until) {
          const [task] = await claim(actor, { workerId: `w${worker}`, leaseSeconds: 1, waitSeconds: 1 });
          if (!task) continue;
          const ends = Date.parse(task.leaseExpiresAt as string);
          const span: [number, number] = [Date.parse(task.updatedAt), ends];
          spans.push(span);
          claims += 1;
          if (claims % 20 === 0) continue;
          await pause(Math.random() * 20);
          span[1] = Math.min(ends, Date.now());
          if ((await problemCode(completeTask(holderOf(task), null, actor))) === 'none') done.add(task.id);
        }
      }),
    );
    expect(done.size).toBe(total);
    for (const [begin] of spans) {
      expect(spans.filter(([from, to]) => from <= begin && begin < to).length).toBeLessThanOrEqual(3);
    }
  }, 90_000);
});

describe('a type with a rate limit', () => {
  test.concurrent('starts as many as it may and goes on at the rate', async () => {
    const actor = await limited({ rateLimit: { count: 5, perSeconds: 1 } }, 30);
    const began = Date.now();
    let started = (await claim(actor, { max: 25 })).length;
    expect(started).toBeGreaterThanOrEqual(5);
    while (started < 20) started += (await claim(actor, { max: 25, waitSeconds: 5 })).length;
    const seconds = (Date.now() - began) / 1_000;
    expect(started).toBeLessThanOrEqual(5 + Math.ceil(seconds * 5) + 1);
    expect(seconds).toBeLessThan(20);
    expect(seconds).toBeGreaterThan(2.4);
  });

  test.concurrent('spends no start on races that are lost and on tasks that only end', async () => {
    const actor = await limited({ rateLimit: { count: 3, perSeconds: 3_600 } });
    for (let at = 0; at < 3; at += 1) {
      await enqueue(actor, { startBy: new Date(Date.now() + 3_000).toISOString() });
    }
    await pause(3_100);
    expect(await claim(actor, { max: 25 })).toEqual([]);
    for (let at = 0; at < 5; at += 1) await enqueue(actor);
    const got = await Promise.all(Array.from({ length: 8 }, () => claim(actor)));
    expect(got.flat()).toHaveLength(3);
  });
});

describe('an ended lease', () => {
  test.concurrent('is not extended, and yet a result under it is taken once', async () => {
    const actor = await limited({}, 1);
    const task = await claimOne(actor, { leaseSeconds: 1 });
    await pause(1_050);
    expect(await problemCode(heartbeat(holderOf(task), {}, actor))).toBe('lease_lost');
    expect((await completeTask(holderOf(task), 1, actor)).repeated).toBe(false);
    expect((await completeTask(holderOf(task), 2, actor)).repeated).toBe(true);
    expect((await getTask(task.id, actor)).result).toBe('1');
  });
});
