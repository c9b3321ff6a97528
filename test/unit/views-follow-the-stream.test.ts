import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import { toChange } from '../../functions/changes/change.ts';
import { deriveViews } from '../../functions/changes/derive-views.ts';
import { handler } from '../../functions/changes/handler.ts';
import { activity } from '../../functions/crm/activities/activity.ts';
import { company } from '../../functions/crm/companies/company.ts';
import { contact } from '../../functions/crm/contacts/contact.ts';
import { planRestore } from '../../functions/crm/records/delete-record.ts';
import { patchRecord } from '../../functions/crm/records/patch-record.ts';
import { createRecord, deleteRecord } from '../../functions/crm/records/records.ts';
import { auditPartition } from '../../functions/platform/audit/audit-item.ts';
import { activityEntries } from '../../functions/platform/timeline/activity-entries.ts';
import { timelinePartition } from '../../functions/platform/timeline/timeline-item.ts';
import type { Actor } from '../../functions/shared/actor.ts';
import { type Attributes, fromAttributes, type Item } from '../../functions/shared/dynamo/item.ts';
import { queryPage } from '../../functions/shared/dynamo/table.ts';
import { wordItems, wordPartition } from '../../functions/shared/search/word-item.ts';
import { carryOut } from '../../functions/shared/write-plan.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { fc } from '../support/property.ts';
import { readStream } from '../support/stream.ts';

let dynamo: TestDynamo;
let subscribers: Server;
let seen = 0;
let tenants = 0;

beforeAll(async () => {
  dynamo = await startDynamo();
  subscribers = createServer((_, response) => response.end('{"data":{}}'));
  await new Promise<void>((done) => subscribers.listen(0, '127.0.0.1', done));
  process.env.GRAPHQL_URL = `http://127.0.0.1:${(subscribers.address() as { port: number }).port}/graphql`;
});
afterAll(async () => {
  subscribers.closeAllConnections();
  await new Promise((done) => subscribers.close(done));
  await dynamo.stop();
});

const everything = async (table: 'crm' | 'views', pk: string): Promise<Item[]> =>
  (await queryPage({ table, key: { text: 'pk = :pk', values: { ':pk': pk } } })).items;
const byKey = (items: Item[]) => new Map(items.map((item) => [`${item.pk} ${item.sk}`, item]));
const living = ({ deletedAt }: Item) => deletedAt === undefined;

async function newRecords(): Promise<DynamoDBRecord[]> {
  const all = await readStream(dynamo.endpoint, 'crm');
  const fresh = all.slice(seen);
  seen = all.length;
  return fresh.filter(({ dynamodb }) => dynamodb?.Keys?.sk?.S !== 'guard');
}

const image = (value: unknown) => value && fromAttributes(value as Attributes);
const changesOf = (records: DynamoDBRecord[]) =>
  records.flatMap(
    ({ dynamodb }) =>
      toChange(
        image(dynamodb?.OldImage) as Item | undefined,
        image(dynamodb?.NewImage) as Item | undefined,
      ) ?? [],
  );

const names = ['Ann', 'Bob Ann', 'Cat', 'Ann-Bob', 'Bob'];

interface Made {
  actor: Actor;
  companies: string[];
}

/** Contacts that are renamed, moved, deleted and restored, and activities of them at changing times. */
async function randomWrites(operations: [string, number][]): Promise<Made> {
  tenants += 1;
  const actor: Actor = {
    caller: { tenantId: `v${tenants}`, subject: 'user-1', role: 'owner' },
    requestId: 'r',
  };
  const companies = [
    (await createRecord(company, { name: 'Xa' }, actor)).id,
    (await createRecord(company, { name: 'Xb' }, actor)).id,
  ];
  const contacts = [(await createRecord(contact, { name: 'Cat' }, actor)).id];
  const activities: string[] = [];
  const deleted = new Set<string>();
  for (const [name, number] of operations) {
    const chosen = contacts[number % contacts.length] ?? '';
    const companyId = companies[number % 2];
    const occurredAt = `202${number % 3}-01-01T00:00:00.000Z`;
    const event = activities[number % activities.length];
    if (name === 'create')
      contacts.push((await createRecord(contact, { name: names[number % 5] }, actor)).id);
    else if (name === 'activity')
      activities.push((await createRecord(activity, { kind: 'call', companyId, occurredAt }, actor)).id);
    else if (name === 'move' && event) await patchRecord(activity, event, { companyId, occurredAt }, actor);
    else if (name === 'restore' && deleted.delete(chosen)) {
      await carryOut((await planRestore(contact, chosen, actor)).writes);
    } else if (deleted.has(chosen)) continue;
    else if (name === 'rename') await patchRecord(contact, chosen, { name: names[number % 5] }, actor);
    else if (name === 'join') await patchRecord(contact, chosen, { companyId }, actor);
    else if (name === 'delete') {
      await deleteRecord(contact, chosen, actor);
      deleted.add(chosen);
    }
  }
  return { actor, companies };
}

/** As Lambda does: in order, but parts again, in other batches, and some after a crash before the history was written. */
async function deliver(records: DynamoDBRecord[], random: () => number): Promise<void> {
  for (let at = 0; at < records.length; ) {
    const batch = records.slice(at, at + 1 + (random() % 9));
    const fate = random() % 3;
    if (fate === 0) await deriveViews(changesOf(batch.slice(0, 1 + (random() % batch.length))));
    else expect((await handler({ Records: batch })).batchItemFailures).toEqual([]);
    if (fate === 2) at += batch.length;
  }
}

test('words, timelines and the audit are those of the records, whatever is delivered again', async () => {
  const operation = fc.constantFrom('create', 'rename', 'join', 'delete', 'restore', 'activity', 'move');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(operation, fc.nat(1_000)), { minLength: 10, maxLength: 20 }),
      fc.infiniteStream(fc.nat(1_000_000)),
      async (operations, random) => {
        const { actor, companies } = await randomWrites(operations);
        const { tenantId } = actor.caller;
        const records = await newRecords();
        await deliver(records, () => random.next().value as number);

        const contacts = (await everything('crm', `${tenantId}#contact`)).filter(living);
        const letters = ['a', 'b', 'c'].map((letter) => wordPartition(tenantId, 'contact', letter));
        const words = (await Promise.all(letters.map((pk) => everything('views', pk)))).flat();
        expect(byKey(words)).toEqual(byKey(contacts.flatMap((item) => wordItems(tenantId, 'contact', item))));

        const activities = (await everything('crm', `${tenantId}#activity`)).filter(living);
        const timelines = (
          await Promise.all(companies.map((id) => everything('views', timelinePartition(tenantId, id))))
        ).flat();
        expect(byKey(timelines.filter(({ kind }) => kind === 'activity'))).toEqual(
          byKey(activities.flatMap((item) => activityEntries(tenantId, item))),
        );
        const joined = timelines
          .filter(({ kind }) => kind === 'contact')
          .map(({ id, version, action }) => `${id} ${version} ${action}`);
        expect(new Set(joined).size).toBe(joined.length);

        const acts = (await everything('views', auditPartition(tenantId))).map(
          ({ id, version }) => `${id} ${version}`,
        );
        expect(acts.sort()).toEqual(
          changesOf(records)
            .map(({ id, version }) => `${id} ${version}`)
            .sort(),
        );
      },
    ),
    { numRuns: 6 },
  );
});

test('a write that comes again after later ones changes nothing', async () => {
  const { actor } = await randomWrites([]);
  const { tenantId } = actor.caller;
  const [{ sk = '' } = {}] = await everything('crm', `${tenantId}#contact`);
  for (const name of ['Ann', 'Cat', 'Bob']) await patchRecord(contact, String(sk), { name }, actor);
  const records = await newRecords();
  await handler({ Records: records });
  const words = async () =>
    (
      await Promise.all(
        ['a', 'b', 'c'].map((letter) => everything('views', wordPartition(tenantId, 'contact', letter))),
      )
    ).flat();
  const before = await words();
  expect(before.map(({ words: all }) => all)).toEqual(['bob']);
  for (const record of records) await handler({ Records: [record] });
  await handler({ Records: [...records].reverse() });
  for (const record of records.slice(0, -1)) {
    await handler({ Records: [record] });
    expect(await words()).toEqual(before);
  }
});
