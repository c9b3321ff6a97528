import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import type { Actor } from '../../functions/shared/actor.ts';
import { type Attributes, fromAttributes, type Item, type Key } from '../../functions/shared/dynamo/item.ts';
import type { TableName } from '../../functions/shared/table-schema.ts';
import type { TaskItem } from '../../functions/tasks/task.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { readStream } from '../support/stream.ts';
import { claim, claimOne, enqueue, holderOf, newActor, registerType, tamper } from '../support/tasks.ts';

const { applyChanges } = await import('../../functions/changes/apply-changes.ts');
const { archiveAttempts } = await import('../../functions/changes/archive-attempts.ts');
const { toChange } = await import('../../functions/changes/change.ts');
const { tellDependents } = await import('../../functions/changes/tell-dependents.ts');
const { carryOutOnce } = await import('../../functions/shared/idempotency.ts');
const { queryPage } = await import('../../functions/shared/dynamo/table.ts');
const { carryOut } = await import('../../functions/shared/write-plan.ts');
const { cancelTask } = await import('../../functions/tasks/lifecycle/cancel.ts');
const { guardKey } = await import('../../functions/tasks/enqueue/dedupe.ts');
const { edgeKey } = await import('../../functions/tasks/dependencies/edges.ts');
const { getTask } = await import('../../functions/tasks/find-tasks.ts');
const { heartbeat } = await import('../../functions/tasks/lease/heartbeat.ts');
const { attemptPartition } = await import('../../functions/tasks/history/attempt-item.ts');
const { retryTask } = await import('../../functions/tasks/lifecycle/retry.ts');
const { completeTask, failTask } = await import('../../functions/tasks/lease/settle.ts');
const { historyPartition } = await import('../../functions/platform/history-item.ts');

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

async function newTenant(): Promise<Actor> {
  const actor = newActor();
  await registerType(actor, 'email.send', { retentionDays: 3, leaseSeconds: 60 });
  return actor;
}

async function itemsOf(table: TableName, pk: string): Promise<Item[]> {
  return (await queryPage({ table, key: { text: 'pk = :pk', values: { ':pk': pk } }, consistent: true }))
    .items;
}

async function theItem(table: TableName, { pk, sk }: Key): Promise<Item | undefined> {
  return (await itemsOf(table, pk)).find((item) => item.sk === sk);
}

/** In days from now, to the nearest tenth. */
const daysLeft = (item: Item | undefined) =>
  Math.round((Number(item?.ttl) - Date.now() / 1_000) / 8_640) / 10;

async function follow(): Promise<void> {
  const image = (attributes: unknown) => attributes && fromAttributes(attributes as Attributes);
  const records: DynamoDBRecord[] = await readStream(dynamo.endpoint, 'tasks');
  const changes = records.flatMap(
    ({ dynamodb }) =>
      toChange(
        image(dynamodb?.OldImage) as Item | undefined,
        image(dynamodb?.NewImage) as Item | undefined,
      ) ?? [],
  );
  await tellDependents(changes);
  await applyChanges(changes);
  await archiveAttempts(changes);
}

const broken = { error: { code: 'down', message: 'no answer', details: 'why' }, retryable: false };

describe('a task', () => {
  const ends: Record<string, (actor: Actor, task: TaskItem) => Promise<unknown>> = {
    completed: async (actor) => completeTask(holderOf(await claimOne(actor)), 'done', actor),
    dead: async (actor) => failTask(holderOf(await claimOne(actor)), broken, actor),
    cancelled: async (actor, { id }) => cancelTask(id, undefined, actor, carryOut),
    expired: async (actor, task) => {
      // The deadline is the last but one of the facts in the key.
      await tamper(task, 'readySk', String(task.readySk).replace(/[^.]*\.[^.]*$/, '1.'));
      expect(await claim(actor)).toEqual([]);
    },
  };

  test.each(Object.keys(ends))('that is %s goes after the retention of its type', async (state) => {
    const actor = await newTenant();
    const task = await enqueue(actor, { deadline: new Date(Date.now() + 60_000).toISOString() });
    expect(task).not.toHaveProperty('ttl');
    await ends[state]?.(actor, task);
    const ended = await getTask(task.id, actor);
    expect(ended.state).toBe(state);
    expect(daysLeft(ended)).toBe(3);
  });

  test('that lives again stays', async () => {
    const actor = await newTenant();
    const task = await enqueue(actor);
    await failTask(holderOf(await claimOne(actor)), broken, actor);
    await retryTask(task.id, undefined, actor, carryOut);
    expect(await getTask(task.id, actor)).not.toHaveProperty('ttl');
  });
});

describe('what is kept beside a task goes too:', () => {
  test('its history, its attempts and what was told of their progress', async () => {
    const actor = await newTenant();
    const task = await enqueue(actor);
    const held = await claimOne(actor);
    await heartbeat(holderOf(held), { progress: { message: 'half' } }, actor);
    await failTask(holderOf(held), broken, actor);
    await follow();
    const { tenantId } = actor.caller;
    const history = await itemsOf('views', historyPartition(tenantId, task.id));
    expect(history.map(daysLeft)).toEqual([90, 90, 90]);
    const attempts = await itemsOf('views', attemptPartition(tenantId, task.id));
    expect(attempts.map(daysLeft)).toEqual([93, 93]);
  });

  test('the guard of its dedupe key, a claim under an id, the answer under an idempotency key', async () => {
    const actor = await newTenant();
    const { tenantId } = actor.caller;
    await enqueue(actor, { dedupeKey: 'one' });
    expect(daysLeft(await theItem('platform', guardKey(tenantId, 'email.send', 'one')))).toBe(400);
    await claim(actor, { claimId: 'claim-1' });
    expect((await itemsOf('platform', `${tenantId}#claim#claim-1`)).map(daysLeft)).toEqual([1]);
    const key = { tenantId, subject: 'sub', key: 'key-1', fingerprint: 'x' };
    await carryOutOnce([], key, { status: 200, headers: {}, body: '' });
    expect((await itemsOf('platform', `${tenantId}#idempotency#key-1`)).map(daysLeft)).toEqual([1]);
  });

  test('the edges to its dependents, also to one that has been cancelled', async () => {
    const actor = await newTenant();
    const { tenantId } = actor.caller;
    const parent = await enqueue(actor);
    const [child, gone] = [
      await enqueue(actor, { dependsOn: [parent.id] }),
      await enqueue(actor, { dependsOn: [parent.id] }),
    ];
    await cancelTask(gone.id, undefined, actor, carryOut);
    expect(await theItem('tasks', edgeKey(tenantId, parent.id, child.id))).toBeDefined();
    await completeTask(holderOf(await claimOne(actor)), 'done', actor);
    await follow();
    expect((await itemsOf('tasks', parent.pk)).map(({ sk }) => sk)).toEqual(['task']);
    expect((await getTask(child.id, actor)).state).toBe('ready');
  });
});
