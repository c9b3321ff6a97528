import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { putItem } from '../../functions/shared/dynamo/table.ts';
import { getTask } from '../../functions/tasks/find-tasks.ts';
import { timerKeys } from '../../functions/tasks/indexes/index-keys.ts';
import { runTimers, taskTimers } from '../../functions/tasks/lifecycle/timers.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { stopClock } from '../support/stopped-clock.ts';
import { enqueue, newActor, registerType, tamper } from '../support/tasks.ts';

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

beforeEach(stopClock);
afterEach(() => {
  jest.useRealTimers();
});

const inTime = () => Date.now() + 20_000;

test('a timer that fails holds up no other, and is tried again by the next run', async () => {
  const actor = newActor();
  await registerType(actor);
  const deadline = new Date(Date.now() + 60_000).toISOString();
  const broken = await enqueue(actor, { deadline });
  // Before all others of its shard.
  await tamper(broken, 'timerSk', `${'0'.repeat(15)}#${broken.id}`);
  await tamper(broken, 'typeVersion', 99);
  const tasks = await Promise.all(Array.from({ length: 12 }, () => enqueue(actor, { deadline })));
  jest.setSystemTime(Date.parse(deadline) + 20);
  expect(await runTimers('tick-1', inTime())).toEqual({ handled: 12, failed: 1, more: false });
  for (const { id } of tasks) expect((await getTask(id, actor)).state).toBe('expired');
  expect(await runTimers('tick-2', inTime())).toEqual({ handled: 0, failed: 1, more: false });
  await tamper(broken, 'typeVersion', broken.typeVersion);
  expect(await runTimers('tick-3', inTime())).toEqual({ handled: 1, failed: 0, more: false });
});

test('other kinds of items have handlers of their own', async () => {
  const seen: unknown[] = [];
  const item = { pk: 'tenant-x#schedule', sk: 'nightly', entity: 'schedule' };
  await putItem('tasks', { ...item, ...timerKeys('nightly', Date.now() - 1_000) });
  expect(await runTimers('tick', inTime())).toEqual({ handled: 0, failed: 1, more: false });
  const run = await runTimers('tick', inTime(), {
    ...taskTimers,
    schedule: async ({ sk }, requestId) => {
      seen.push([sk, requestId]);
    },
  });
  expect([run, seen]).toEqual([{ handled: 1, failed: 0, more: false }, [['nightly', 'tick']]]);
  await putItem('tasks', item);
});

test('a run that is out of time begins nothing and says that there is more', async () => {
  const actor = newActor();
  await registerType(actor);
  expect(await runTimers('tick', Date.now() - 1)).toEqual({ handled: 0, failed: 0, more: true });
});
