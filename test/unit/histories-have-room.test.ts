import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Publication } from '../../functions/changes/publications.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { newActor } from '../support/tasks.ts';

const { applyChanges } = await import('../../functions/changes/apply-changes.ts');
const { toChange } = await import('../../functions/changes/change.ts');
const { fittingChanges } = await import('../../functions/changes/fitting-changes.ts');
const { inRequests } = await import('../../functions/changes/publish.ts');
const { order } = await import('../../functions/crm/orders/order.ts');
const { patchRecord } = await import('../../functions/crm/records/patch-record.ts');
const { recordKey } = await import('../../functions/crm/records/record-item.ts');
const { createRecord } = await import('../../functions/crm/records/records.ts');
const { readHistory } = await import('../../functions/platform/history.ts');
const { historyPartition, historySortKey } = await import('../../functions/platform/history-item.ts');
const { readTimeline } = await import('../../functions/platform/timeline/read-timeline.ts');
const { getItem, putItem } = await import('../../functions/shared/dynamo/table.ts');

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(async () => {
  await dynamo?.stop();
});

test('all of the longest order may change at once: its history entry has room for it', async () => {
  const actor = newActor();
  const { tenantId } = actor.caller;
  const longest = (letter: string, unitPrice: number) => ({
    notes: letter.repeat(20_000),
    lines: Array.from({ length: 100 }, (_, at) => ({
      description: letter.repeat(500),
      quantity: 1_000_000 + at,
      unitPrice: unitPrice + at,
    })),
  });
  const { id } = await createRecord(order, { ...longest('中', 10_000), currency: 'EUR' }, actor);
  const key = recordKey(order, tenantId, id);
  const before = await getItem('crm', key);
  await patchRecord(order, id, longest('文', 20_000), actor);
  const after = await getItem('crm', key);
  const changes = [toChange(undefined, before), toChange(before, after)].flatMap((change) => change ?? []);
  expect(await applyChanges(changes)).toEqual({ done: 2 });
  const { data } = await readHistory(tenantId, id, {});
  expect(data.map(({ version }) => version)).toEqual([2, 1]);
  const of = (field: string) => data[0]?.changes.find((change) => change.field === field);
  expect(of('notes')).toEqual({
    field: 'notes',
    old: `${'中'.repeat(200)}…`,
    new: `${'文'.repeat(200)}…`,
  });
  expect(of('lines[99].unitPrice')).toEqual({ field: 'lines[99].unitPrice', old: 10_099, new: 20_099 });
});

test('what texts cannot be cut of is left out as a whole', () => {
  const numbers = Array.from({ length: 200_000 }, () => 1);
  const changes = [
    { field: 'onWon[0].input', old: { numbers }, new: null },
    { field: 'onWon[0].priority', old: 1, new: 2 },
  ];
  expect(fittingChanges(changes)).toEqual([{ ...changes[0], old: '…' }, changes[1]]);
});

test('pages of long entries end where an answer is full, and go on from there', async () => {
  const actor = newActor();
  const { tenantId } = actor.caller;
  const pk = historyPartition(tenantId, 'ord_1');
  const changes = [{ field: 'notes', old: null, new: 'x'.repeat(290_000) }];
  const versions = Array.from({ length: 25 }, (_, at) => at + 1);
  for (const version of versions) {
    const at = new Date(version * 1_000).toISOString();
    await putItem('views', {
      ...{ pk, sk: historySortKey(version), version, at, actor: 'a', action: 'updated', changes },
    });
  }
  const reads = [
    (query: { cursor?: string }) => readHistory(tenantId, 'ord_1', query),
    (query: { cursor?: string }) => readTimeline(tenantId, ['ord_1'], query),
  ];
  for (const read of reads) {
    const found: unknown[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const answer = await read(cursor ? { cursor } : {});
      expect(JSON.stringify(answer).length).toBeLessThan(6_000_000);
      found.push(...answer.data.map(({ version }) => version));
      cursor = answer.page.nextCursor;
    }
    expect(found).toEqual(versions.toReversed());
  }
});

test('what is published together stays below the size of a request', () => {
  const publication = (record: string): Publication => ({
    mutation: 'publishRecordChange',
    input: { record },
  });
  const large = publication('x'.repeat(300_000));
  const sizes = (publications: Publication[]) => inRequests(publications).map(({ length }) => length);
  expect(sizes([large, large, large, large, publication('x')])).toEqual([2, 3]);
  expect(sizes(Array.from({ length: 45 }, () => publication('x')))).toEqual([20, 20, 5]);
});
