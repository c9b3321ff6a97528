import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CallCounter, countCalls } from '../support/call-counter.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { claim, enqueue, newActor, registerType } from '../support/tasks.ts';

const { abandonClaim } = await import('../../functions/tasks/claim-abandon.ts');
const { getTask } = await import('../../functions/tasks/find-tasks.ts');

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

describe('a claim that is abandoned', () => {
  test('while it waits takes nothing any more', async () => {
    const actor = newActor();
    await registerType(actor);
    const waiting = claim(actor, { claimId: 'c-1', waitSeconds: 10 });
    expect(await abandonClaim('c-1', actor)).toEqual([]);
    const task = await enqueue(actor);
    expect(await waiting).toEqual([]);
    expect((await claim(actor)).map(({ id }) => id)).toEqual([task.id]);
  });

  test('gives back what it got, without an attempt spent', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    await enqueue(actor);
    const leased = (await claim(actor, { claimId: 'c-1', max: 2 })).map(({ id }) => id);
    expect((await abandonClaim('c-1', actor)).sort()).toEqual([...leased].sort());
    for (const id of leased) {
      expect(await getTask(id, actor)).toMatchObject({ state: 'ready', attempt: 0 });
    }
    expect(await claim(actor, { claimId: 'c-1', max: 2 })).toEqual([]);
    expect(await abandonClaim('c-1', actor)).toEqual([]);
  });

  test('costs one write when it got nothing', async () => {
    const actor = newActor();
    counter.take();
    await abandonClaim('c-1', actor);
    expect(counter.take()).toEqual(['UpdateItem']);
  });
});
