import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CallCounter, countCalls } from '../support/call-counter.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { claim, enqueue, holderOf, newActor, registerType } from '../support/tasks.ts';

const { claimById } = await import('../../functions/tasks/claim/claim-by-id.ts');
const { completeTask } = await import('../../functions/tasks/lease/settle.ts');

let dynamo: TestDynamo;
let calls: CallCounter;

beforeAll(async () => {
  dynamo = await startDynamo();
  calls = await countCalls(dynamo.endpoint);
});

afterAll(async () => {
  await calls?.stop();
  await dynamo?.stop();
});

describe('when the table has written and its answer is lost', () => {
  test('a claim has the lease', async () => {
    const actor = newActor();
    await registerType(actor);
    const task = await enqueue(actor);
    calls.loseAnswer('UpdateItem');
    expect(await claim(actor)).toMatchObject([{ id: task.id, attempt: 1 }]);
  });

  test('a claim that can be repeated has the lease', async () => {
    const actor = newActor();
    await registerType(actor);
    const task = await enqueue(actor);
    calls.loseAnswer('PutItem');
    expect(await claim(actor, { claimId: 'c-1' })).toMatchObject([{ id: task.id, attempt: 1 }]);
  });

  test('who takes a task by its name has the lease', async () => {
    const actor = newActor();
    await registerType(actor);
    const task = await enqueue(actor);
    calls.loseAnswer('UpdateItem');
    const leased = await claimById(task, { workerId: 'runner' }, actor);
    expect(leased).toMatchObject({ task: { id: task.id, state: 'claimed', attempt: 1 } });
  });

  test('a task is completed once', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    const [task] = await claim(actor);
    calls.loseAnswer('UpdateItem');
    const done = await completeTask(holderOf(task as NonNullable<typeof task>), 'done', actor);
    expect(done.task).toMatchObject({ state: 'completed', result: '"done"' });
  });
});
