import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { contact } from '../../functions/crm/contacts/contact.ts';
import { listRecords } from '../../functions/crm/records/find-records.ts';
import { toItem } from '../../functions/crm/records/record-item.ts';
import { crmEntities } from '../../functions/crm/routes.ts';
import { searchEverything } from '../../functions/crm/search/search-everything.ts';
import type { Actor } from '../../functions/shared/actor.ts';
import { batchWriteItems } from '../../functions/shared/dynamo/batch-write.ts';
import { newId } from '../../functions/shared/ids.ts';
import { wordItems } from '../../functions/shared/search/word-item.ts';
import { matchesTerms, termsOf, wordsOf } from '../../functions/shared/search/words.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';

const actor: Actor = { caller: { tenantId: 't1', subject: 'user-1', role: 'owner' }, requestId: 'r' };
const first = ['Ann', 'Anna', 'Annabel', 'Bob', 'Bobby'];
const last = ['Andrews', 'Smith', 'Smithers', 'Ann'];
const people = Array.from({ length: 400 }, (_, at) => ({
  id: newId('con'),
  name: `${first[at % 5]} ${last[at % 4]} ${at}`,
  stage: at % 7 ? 'lead' : 'customer',
}));
let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
  const at = '2026-01-01T00:00:00.000Z';
  const base = { version: 1, createdAt: at, updatedAt: at, createdBy: 'u', updatedBy: 'u', status: 'active' };
  const items = people.map((person) => toItem(contact, 't1', { ...base, ...person }, 'r'));
  await batchWriteItems(
    'crm',
    items.map((put) => ({ put })),
  );
  const words = items.flatMap((item) => wordItems('t1', 'contact', item));
  // The words of a record that is not there any more.
  const ghost = wordItems('t1', 'contact', { id: newId('con'), name: 'Ann Smith' });
  await batchWriteItems(
    'views',
    [...words, ...ghost].map((put) => ({ put })),
  );
}, 30_000);
afterAll(() => dynamo.stop());

type Page = (
  cursor: string | undefined,
) => Promise<{ data: { id?: unknown }[]; page: { nextCursor: string | null } }>;

async function allOf(page: Page): Promise<unknown[]> {
  const ids: unknown[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { data, page: next } = await page(cursor);
    ids.push(...data.map(({ id }) => id));
    cursor = next.nextCursor;
  }
  return ids;
}

const expected = (q: string, stage?: string) =>
  people
    .filter((person) => !stage || person.stage === stage)
    .filter(({ name }) => matchesTerms(wordsOf([{ text: name, kind: 'text' }]), termsOf(q)))
    .map(({ id }) => id)
    .sort();

test.each([
  ['an', undefined, 7],
  ['ann', undefined, 100],
  ['ann smi', undefined, 50],
  ['b smithers', undefined, 3],
  ['an', 'customer', 5],
  ['smith bob', 'customer', 100],
  ['39', undefined, 2],
  ['nobody', undefined, 10],
])('all pages of %j, stage %s, by %i, have each record once and no other', async (q, stage, limit) => {
  const ids = await allOf((cursor) =>
    listRecords(
      contact,
      { q, limit: String(limit), ...(stage && { stage }), ...(cursor && { cursor }) },
      actor,
    ),
  );
  expect([...ids].sort()).toEqual(expected(q, stage));
});

test('so have all pages of a search in everything', async () => {
  for (const [q, limit] of [
    ['an', '9'],
    ['ann smi', '50'],
  ] as const) {
    const ids = await allOf((cursor) =>
      searchEverything(crmEntities, { q, limit, ...(cursor && { cursor }) }, actor),
    );
    expect([...ids].sort()).toEqual(expected(q));
  }
});
