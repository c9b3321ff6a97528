import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import {
  attemptsOf,
  claimOne,
  enqueue,
  holderOf,
  newActor,
  problemCode,
  registerType,
} from '../support/tasks.ts';

const { settleCall } = await import('../../functions/runner/run-http.ts');
const { getTask } = await import('../../functions/tasks/find-tasks.ts');
const { completeTask } = await import('../../functions/tasks/lease/settle.ts');

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

/** A result that cannot be written as JSON, which answers of receivers always can. */
const unwritable = { result: 1n };

async function leased() {
  const actor = newActor();
  await registerType(actor);
  await enqueue(actor);
  return { actor, task: await claimOne(actor) };
}

test('a result that fails in a way nobody thought of fails its attempt and leaves no lease', async () => {
  const { actor, task } = await leased();
  const settled = await settleCall(unwritable, task, holderOf(task), actor);
  expect(settled.task).toMatchObject({ state: 'scheduled', error: { code: 'internal' } });
  expect(settled.task.leaseToken).toBeUndefined();
  expect(await attemptsOf(task.id, actor)).toMatchObject([
    { outcome: 'failed', error: { code: 'internal' } },
  ]);
});

test('a task that somebody else has settled by then is left as it is', async () => {
  const { actor, task } = await leased();
  const holder = holderOf(task);
  await completeTask(holder, 'done', actor);
  const failed = settleCall(unwritable, task, holder, actor);
  expect(await problemCode(failed)).toBe('lease_lost');
  const other = settleCall({ result: 1 }, task, { ...holder, leaseToken: 'garbage' }, actor);
  expect(await problemCode(other)).toBe('lease_lost');
  expect(await getTask(task.id, actor)).toMatchObject({ state: 'completed' });
});
