import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TaskItem } from '../../functions/tasks/task.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import {
  attemptsOf,
  claim,
  claimOne,
  enqueue,
  holderOf,
  newActor,
  pause,
  problemCode,
  registerType,
} from '../support/tasks.ts';

const { cancelTask } = await import('../../functions/tasks/lifecycle/cancel.ts');
const { getTask } = await import('../../functions/tasks/find-tasks.ts');
const { heartbeat } = await import('../../functions/tasks/lease/heartbeat.ts');
const { completeTask, releaseTask } = await import('../../functions/tasks/lease/settle.ts');
const { carryOut } = await import('../../functions/shared/write-plan.ts');

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

const ids = (tasks: TaskItem[]) => tasks.map(({ id }) => id);

describe('a lease that has ended', () => {
  test.concurrent('is taken by the next claim at once and has spent its attempt', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    const first = await claimOne(actor, { leaseSeconds: 3 });
    expect(await claim(actor)).toEqual([]);
    const second = await claimOne(actor, { workerId: 'worker-2', waitSeconds: 15 });
    expect(Date.now() - Date.parse(first.leaseExpiresAt as string)).toBeLessThan(12_000);
    expect(second).toMatchObject({ id: first.id, attempt: 2, workerId: 'worker-2' });
    expect(second.leaseToken).not.toBe(first.leaseToken);
    expect(await problemCode(completeTask(holderOf(first), 'late', actor))).toBe('lease_lost');
    expect(await problemCode(heartbeat(holderOf(first), {}, actor))).toBe('lease_lost');
    expect((await getTask(first.id, actor)).leaseToken).toBe(second.leaseToken);
    expect(await attemptsOf(first.id, actor)).toMatchObject([
      { attempt: 1, workerId: 'worker-1', outcome: 'lease_expired', endedAt: first.leaseExpiresAt },
      { attempt: 2, workerId: 'worker-2', outcome: 'running' },
    ]);
  });

  test.concurrent('leaves the task its place in the queue, before all that came later', async () => {
    const actor = newActor();
    await registerType(actor);
    const first = await enqueue(actor);
    const second = await enqueue(actor);
    for (let lease = 1; lease <= 2; lease += 1) {
      expect((await claimOne(actor, { leaseSeconds: 1 })).id).toBe(first.id);
      await pause(1_300);
    }
    expect(ids(await claim(actor, { max: 2 }))).toEqual([first.id, second.id]);
  });

  test.concurrent('given back without a delay leaves it its place too', async () => {
    const actor = newActor();
    await registerType(actor);
    const [first, second] = [await enqueue(actor), await enqueue(actor)];
    await releaseTask(holderOf(await claimOne(actor)), 0, actor);
    const again = await claimOne(actor);
    expect(again.id).toBe(first.id);
    await releaseTask(holderOf(again), 1, actor);
    expect((await claimOne(actor)).id).toBe(second.id);
  });

  test.concurrent('still belongs to its holder while nobody else has taken the task', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    const task = await claimOne(actor, { leaseSeconds: 1 });
    await pause(1_100);
    const done = await completeTask(holderOf(task), 'in the end', actor);
    expect(done.task.state).toBe('completed');
  });

  test.concurrent('of a task that kills its workers ends it as dead', async () => {
    const actor = newActor();
    await registerType(actor);
    const made = await enqueue(actor, { maxAttempts: 2 });
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      expect(await claimOne(actor, { leaseSeconds: 1, waitSeconds: 5 })).toMatchObject({ attempt });
      await pause(1_050);
    }
    expect(await claim(actor, { waitSeconds: 1 })).toEqual([]);
    expect(await getTask(made.id, actor)).toMatchObject({
      state: 'dead',
      attempt: 2,
      error: { code: 'lease_expired' },
    });
  });

  test.concurrent('is extended by a heartbeat', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    const task = await claimOne(actor, { leaseSeconds: 3 });
    const beat = await heartbeat(holderOf(task), { leaseSeconds: 30, progress: { percent: 40 } }, actor);
    expect(beat.cancelRequested).toBe(false);
    await pause(3_100);
    expect(await claim(actor)).toEqual([]);
    expect((await getTask(task.id, actor)).progress).toEqual({ percent: 40 });
  });

  test.concurrent('of a task that is to be cancelled ends it as cancelled', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    const task = await claimOne(actor, { leaseSeconds: 3 });
    await cancelTask(task.id, 'not needed', actor, carryOut);
    expect((await heartbeat(holderOf(task), { leaseSeconds: 3 }, actor)).cancelRequested).toBe(true);
    await pause(3_200);
    expect(await claim(actor)).toEqual([]);
    expect(await getTask(task.id, actor)).toMatchObject({ state: 'cancelled', reason: 'not needed' });
  });
});

describe('a task whose time is over', () => {
  test.concurrent('by its latest start is never claimed', async () => {
    const actor = newActor();
    await registerType(actor);
    const made = await enqueue(actor, { startBy: new Date(Date.now() + 3_000).toISOString() });
    await pause(3_050);
    expect(await claim(actor)).toEqual([]);
    expect((await getTask(made.id, actor)).state).toBe('expired');
  });

  test.concurrent('does not hold back the ones behind it', async () => {
    const actor = newActor();
    await registerType(actor);
    for (let at = 0; at < 5; at += 1) {
      await enqueue(actor, { deadline: new Date(Date.now() + 3_000).toISOString() });
    }
    const good = await enqueue(actor);
    await pause(3_050);
    expect(ids(await claim(actor))).toEqual([good.id]);
  });
});
