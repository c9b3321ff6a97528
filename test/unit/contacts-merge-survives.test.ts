import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Actor } from '../../functions/shared/actor.ts';
import type { Item } from '../../functions/shared/dynamo/item.ts';
import { type CallCounter, countCalls } from '../support/call-counter.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { type FilesAndQueues, startFilesAndQueues } from '../support/files-and-queues.ts';
import { enqueue, newActor, problemCode } from '../support/tasks.ts';

const { activity } = await import('../../functions/crm/activities/activity.ts');
const { planAttachment } = await import('../../functions/crm/attachments/create-attachment.ts');
const { readAttachment } = await import('../../functions/crm/attachments/find-attachments.ts');
const { contact } = await import('../../functions/crm/contacts/contact.ts');
const { deal } = await import('../../functions/crm/deals/deal.ts');
const { planMove } = await import('../../functions/crm/deals/move-deal.ts');
const { crmEntities } = await import('../../functions/crm/crm-entities.ts');
const { order } = await import('../../functions/crm/orders/order.ts');
const { listMerges } = await import('../../functions/crm/merge/find-merges.ts');
const { mergeContacts, undoMerge } = await import('../../functions/crm/merge/merge-contacts.ts');
const { referrers } = await import('../../functions/crm/merge/referrers.ts');
const { findByUnique, getRecord } = await import('../../functions/crm/records/find-records.ts');
const { patchRecord } = await import('../../functions/crm/records/patch-record.ts');
const { createRecord } = await import('../../functions/crm/records/records.ts');
const { settleMerges } = await import('../../functions/runner/merges/settle-merges.ts');
const { carryOut } = await import('../../functions/shared/write-plan.ts');
const { listTasks, readTasks } = await import('../../functions/tasks/find-tasks.ts');

let dynamo: TestDynamo;
let calls: CallCounter;
let services: FilesAndQueues;

beforeAll(async () => {
  dynamo = await startDynamo();
  calls = await countCalls(dynamo.endpoint);
  services = await startFilesAndQueues();
});

afterAll(async () => {
  await services?.stop();
  await calls?.stop();
  await dynamo?.stop();
});

const never = () => false;
const commit = (writes: Parameters<typeof carryOut>[0]) => carryOut(writes);

/** A primary and two doubles, with what refers to those. */
async function doubles(actor: Actor) {
  const make = (input: object) => createRecord(contact, { ...input }, actor);
  const primary = await make({ name: 'Ada Lovelace', email: 'ada@x.example', tags: ['a'] });
  const first = await make({
    name: 'A. Lovelace',
    email: 'al@x.example',
    phone: '+39 06 1',
    title: 'Countess',
  });
  const second = await make({ name: 'Ada King', email: 'king@x.example', tags: ['b'] });
  const lines = [{ description: 'Cards', quantity: 1, unitPrice: 100 }];
  const made = [
    [deal, { title: 'Engine', contactId: first.id }],
    [activity, { kind: 'note', contactId: first.id }],
    [deal, { title: 'Notes', contactId: second.id }],
    [order, { contactId: second.id, lines, currency: 'EUR' }],
  ] as const;
  const records = await Promise.all(
    made.map(async ([definition, input]) => {
      const record = await createRecord(definition, input, actor);
      return { definition, record, of: input.contactId };
    }),
  );
  const about = { type: 'contact', id: second.id };
  const task = await enqueue(actor, { type: 'todo', title: 'Call', about });
  const file = { name: 'cards.pdf', contentType: 'application/pdf', sizeBytes: 10 };
  const attached = await planAttachment({ ...file, about: { type: 'contact', id: first.id } }, actor);
  await carryOut(attached.writes);
  return { primary, first, second, records, task, attachment: attached.result };
}

type Doubles = Awaited<ReturnType<typeof doubles>>;

/** Which contact each reference names. */
async function namedBy({ records, task, attachment }: Doubles, actor: Actor): Promise<unknown[]> {
  const read = records.map(
    async ({ definition, record }) => (await getRecord(definition, record.id, actor)).contactId,
  );
  const [about] = await readTasks([task as unknown as Item]);
  const file = await readAttachment(attachment.id, actor.caller.tenantId);
  return [...(await Promise.all(read)), about?.about, file.about.id];
}

/** Runs what is left to the task of the last merge or undoing. */
async function runTask(actor: Actor): Promise<void> {
  const { data } = await listTasks({ type: 'contacts.merge', limit: '1' }, actor);
  const [task] = await readTasks(
    data.map(({ id }) => ({ pk: `${actor.caller.tenantId}#task#${id}`, sk: 'task' })),
  );
  if (!task) return;
  const context = { task, requestId: 'r', remainingMillis: () => 60_000, report: async () => false };
  expect(await settleMerges(context)).toHaveProperty('result');
}

/** Does something that dies after so many writes. @returns true when it came to its end before */
async function dyingAfter(writes: number, act: () => Promise<unknown>): Promise<boolean> {
  calls.dieAfter(writes);
  await act().catch(() => undefined);
  return !calls.revive();
}

const mergeAll = ({ primary, first, second }: Doubles, actor: Actor) =>
  mergeContacts({ primaryId: primary.id, otherIds: [first.id, second.id] }, actor, commit, never);

async function expectMerged(all: Doubles, actor: Actor): Promise<void> {
  const { primary, first, second } = all;
  const into = Array(4).fill(primary.id);
  expect(await namedBy(all, actor)).toEqual([...into, `contact:${primary.id}`, primary.id]);
  for (const { id } of [first, second]) {
    expect(await getRecord(contact, id, actor)).toMatchObject({
      ...{ id: primary.id, name: 'Ada Lovelace', title: 'Countess', phone: '+39 06 1', tags: ['a', 'b'] },
      ...{ mergedIds: [first.id, second.id], otherEmails: ['al@x.example', 'king@x.example'] },
    });
  }
  for (const email of ['ada@x.example', 'al@x.example', 'king@x.example']) {
    expect((await findByUnique(contact, 'email', email, actor))?.id).toBe(primary.id);
  }
}

async function expectUntouched(all: Doubles, actor: Actor): Promise<void> {
  const { primary, first, second, records } = all;
  expect(await namedBy(all, actor)).toEqual([
    ...records.map(({ of }) => of),
    `contact:${second.id}`,
    first.id,
  ]);
  const stamps = { version: expect.anything(), updatedAt: expect.anything(), updatedBy: expect.anything() };
  for (const before of [primary, first, second]) {
    expect(await getRecord(contact, before.id, actor)).toEqual({ ...before, ...stamps });
    expect((await findByUnique(contact, 'email', String(before.email), actor))?.id).toBe(before.id);
  }
}

test('a merge and its undoing that die after any of their writes are brought to their end by their task', async () => {
  let merged = false;
  let undone = false;
  for (let writes = 0; !merged || !undone; writes += 1) {
    expect(writes).toBeLessThan(20);
    const actor = newActor();
    const all = await doubles(actor);
    merged = await dyingAfter(writes, () => mergeAll(all, actor));
    if (writes === 0) {
      await expectUntouched(all, actor);
      expect(await listMerges({}, actor)).toMatchObject({ data: [] });
      await mergeAll(all, actor);
    }
    await runTask(actor);
    await expectMerged(all, actor);
    const [merge] = (await listMerges({}, actor)).data;
    const moved = { deals: 2, activities: 1, orders: 1, invoices: 0, tasks: 1, attachments: 1 };
    expect(merge).toMatchObject({ status: 'completed', moved });

    undone = await dyingAfter(writes, () => undoMerge(String(merge?.id), actor, commit, never));
    if (writes === 0) await undoMerge(String(merge?.id), actor, commit, never);
    await runTask(actor);
    expect((await listMerges({}, actor)).data).toMatchObject([{ status: 'undone' }]);
    await expectUntouched(all, actor);
  }
}, 60_000);

test('what is written to an old id in the middle of a merge is not lost', async () => {
  const actor = newActor();
  const all = await doubles(actor);
  await dyingAfter(1, () => mergeAll(all, actor));
  const late = await createRecord(deal, { title: 'Late', contactId: all.first.id }, actor);
  expect(late.contactId).toBe(all.primary.id);
  await runTask(actor);
  await expectMerged(all, actor);
});

test('a merge that begins to be undone while it moves ends undone', async () => {
  const actor = newActor();
  const all = await doubles(actor);
  await dyingAfter(2, () => mergeAll(all, actor));
  const [merge] = (await listMerges({}, actor)).data;
  expect(merge).toMatchObject({ status: 'running' });
  await undoMerge(String(merge?.id), actor, commit, never);
  await runTask(actor);
  await expectUntouched(all, actor);
});

test('of several undoings at once one is done, and the others are told that it is', async () => {
  const actor = newActor();
  const { primary, first } = await doubles(actor);
  const input = { primaryId: primary.id, otherIds: [first.id] };
  for (let round = 0; round < 2; round += 1) {
    const { merge } = await mergeContacts(input, actor, commit, never);
    const undo = () => problemCode(undoMerge(merge.id, actor, commit, never));
    const codes = await Promise.all([undo(), undo(), undo(), undo()]);
    expect(codes.sort()).toEqual([...Array(3).fill('invalid_transition'), 'none']);
  }
});

test('of two merges of the same contacts at once one is made', async () => {
  const actor = newActor();
  const { primary, first, second } = await doubles(actor);
  const merge = (primaryId: string, otherId: string) =>
    problemCode(mergeContacts({ primaryId, otherIds: [otherId] }, actor, commit, never));
  const codes = await Promise.all([merge(primary.id, first.id), merge(second.id, first.id)]);
  expect(codes.sort()).toEqual(['conflict', 'none']);
});

test('everything that refers to contacts is moved', () => {
  const referring = crmEntities.filter(({ references }) =>
    references.some(({ entity }) => entity === 'contact'),
  );
  const kinds = [...referring.map(({ collection }) => collection), 'tasks', 'attachments'];
  expect(referrers.map(({ kind }) => kind).sort()).toEqual(kinds.sort());
});

test('what happens to references that have not moved yet happens to the primary', async () => {
  const actor = newActor();
  const { primary, first, records } = await doubles(actor);
  const [sale, call] = records.map(({ record }) => record.id);
  const input = { primaryId: primary.id, otherIds: [first.id] };
  await mergeContacts(input, actor, commit, () => true);
  const won = await planMove(String(sale), { stageId: 'won' }, actor);
  await carryOut(won.writes);
  await patchRecord(activity, String(call), { kind: 'call' }, actor);
  const lastContactedAt = (await getRecord(activity, String(call), actor)).occurredAt;
  expect(await getRecord(contact, primary.id, actor)).toMatchObject({ stage: 'customer', lastContactedAt });
});
