import type { Actor } from '../../shared/actor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { readTogether } from '../../shared/dynamo/read-together.ts';
import { product } from '../products/product.ts';
import type { CrmRecord } from '../records/entity.ts';
import { isLiving, recordKey, toRecord } from '../records/record-item.ts';

/** The living products among the ids, as they stand now: one BatchGetItem of ≤ 100, none when there are no ids. */
export async function readProducts(ids: readonly string[], actor: Actor): Promise<Map<string, CrmRecord>> {
  const items = (await readProductItems(ids, actor)).filter(isLiving);
  return new Map(items.map((item) => [String(item.id), toRecord(product, item)]));
}

/** The items of products, those that can still be restored among them; the same read. */
export async function readProductItems(ids: readonly string[], actor: Actor): Promise<Item[]> {
  const keys = [...new Set(ids)].map((id) => recordKey(product, actor.caller.tenantId, id));
  const items = await Promise.all(keys.map((key) => readTogether('crm', key)));
  return items.filter((item) => item !== undefined);
}
