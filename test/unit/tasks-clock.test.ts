import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { stopClock } from '../support/stopped-clock.ts';
import { claim, claimOne, enqueue, holderOf, newActor, problemCode, registerType } from '../support/tasks.ts';

const { enqueueBatch } = await import('../../functions/tasks/enqueue/enqueue-batch.ts');
const { getTask, listTasks } = await import('../../functions/tasks/find-tasks.ts');
const { completeTask } = await import('../../functions/tasks/lease/settle.ts');
const { runTimers } = await import('../../functions/tasks/lifecycle/timers.ts');

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

beforeEach(stopClock);
afterEach(() => {
  jest.useRealTimers();
});

const soon = (millis: number) => new Date(Date.now() + millis).toISOString();

describe('the clock', () => {
  test('ends what is late, whether it waits or is worked on, and starts to-dos, for all tenants', async () => {
    const [actor, other] = [newActor(), newActor()];
    await registerType(actor);
    await registerType(actor, 'slow.work');
    const [start, end] = [Date.now() + 5_000, Date.now() + 20_000];
    const startBy = new Date(start).toISOString();
    const unclaimed = await enqueue(actor, { startBy, deadline: soon(3_600_000) });
    const working = await enqueue(actor, {
      type: 'slow.work',
      startBy,
      deadline: new Date(end).toISOString(),
    });
    const lease = await claimOne(actor, { types: ['slow.work'] });
    const todo = await enqueue(other, { type: 'todo', runAt: startBy, deadline: soon(3_600_000) });
    const states = async () => [
      (await getTask(unclaimed.id, actor)).state,
      (await getTask(working.id, actor)).state,
      (await getTask(todo.id, other)).state,
    ];
    jest.setSystemTime(start + 50);
    await runTimers('tick-1', Date.now() + 5_000);
    expect(await states()).toEqual(['expired', 'claimed', 'ready']);
    jest.setSystemTime(end + 50);
    await runTimers('tick-2', Date.now() + 5_000);
    expect(await states()).toEqual(['expired', 'expired', 'ready']);
    expect(await problemCode(completeTask(holderOf(lease), 1, actor))).toBe('lease_lost');
    expect(await runTimers('tick-3', Date.now() + 5_000)).toEqual({ handled: 0, failed: 0, more: false });
  });

  test('gets through more tasks than fit one page', async () => {
    const actor = newActor();
    await registerType(actor);
    for (let at = 0; at < 5; at += 1) {
      const tasks = Array.from({ length: 100 }, () => ({ type: 'email.send', deadline: soon(30_000) }));
      await enqueueBatch({ tasks, atomic: false }, actor, undefined);
    }
    jest.setSystemTime(Date.now() + 60_000);
    expect(await runTimers('tick', Date.now() + 20_000)).toEqual({ handled: 500, failed: 0, more: false });
    expect((await listTasks({ state: 'expired', limit: '100' }, actor)).data).toHaveLength(100);
    expect(await claim(actor)).toEqual([]);
  });
});
