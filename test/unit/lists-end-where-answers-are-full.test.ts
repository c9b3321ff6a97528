import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { order } from '../../functions/crm/orders/order.ts';
import { putItem } from '../../functions/shared/dynamo/table.ts';
import { firstIdAt } from '../../functions/shared/ids.ts';
import { parseListQuery } from '../../functions/shared/list/parse-list-query.ts';
import { runList } from '../../functions/shared/list/run-list.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo.stop());

test('a page of large records ends before the answer is too large, and the next one goes on', async () => {
  const ids = Array.from({ length: 20 }, (_, at) => firstIdAt('ord', at));
  for (const id of ids) await putItem('crm', { pk: 't#order', sk: id, id, notes: '€'.repeat(110_000) });
  const seen: unknown[] = [];
  const sizes: number[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = parseListQuery({ sort: 'createdAt', limit: '100', ...(cursor && { cursor }) }, order.list);
    const page = await runList(query, order.list, 't');
    seen.push(...page.items.map(({ id }) => id));
    sizes.push(Buffer.byteLength(JSON.stringify(page.items)));
    cursor = page.nextCursor;
  }
  expect(seen).toEqual(ids);
  expect(sizes.length).toBeGreaterThan(1);
  for (const size of sizes) expect(size).toBeLessThan(5_500_000);
});
