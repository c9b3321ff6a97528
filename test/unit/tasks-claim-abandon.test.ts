import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '../../functions/shared/ids.ts';
import type { Candidate } from '../../functions/tasks/claim/candidates.ts';
import { type CallCounter, countCalls } from '../support/call-counter.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { claim, enqueue, newActor, registerType } from '../support/tasks.ts';

const { abandonClaim } = await import('../../functions/tasks/claim/claim-abandon.ts');
const { claimById } = await import('../../functions/tasks/claim/claim-by-id.ts');
const { noteIntent, repeatClaim } = await import('../../functions/tasks/claim/claim-record.ts');
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

/** Of a candidate, only its id is written down. */
function inVain(count: number, id?: string): Candidate[] {
  return Array.from({ length: count }, () => ({ id: id ?? newId('task') }) as Candidate);
}

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

  test('gives back what it got after it had tried for hundreds in vain', async () => {
    const actor = newActor();
    await registerType(actor);
    const task = await enqueue(actor);
    const record = { claimId: 'c-1', fingerprint: 'any', written: false };
    await noteIntent(record, inVain(250), actor);
    await noteIntent(record, inVain(1, task.id), actor);
    await claimById(task, { workerId: 'worker-1', claimId: 'c-1' }, actor);
    expect(await repeatClaim(record, actor)).toMatchObject([{ id: task.id }]);
    expect(await abandonClaim('c-1', actor)).toEqual([task.id]);
  });

  test('costs one write when it got nothing', async () => {
    const actor = newActor();
    counter.take();
    await abandonClaim('c-1', actor);
    expect(counter.take()).toEqual(['UpdateItem']);
  });
});
