import type { Actor } from '../../shared/actor.ts';
import { batchGetItems } from '../../shared/dynamo/table.ts';
import { product } from '../products/product.ts';
import type { CrmRecord } from '../records/entity.ts';
import { isLiving, recordKey, toRecord } from '../records/record-item.ts';

/** The living products among the ids, as they stand now: one BatchGetItem of ≤ 100, none when there are no ids. */
export async function readProducts(ids: readonly string[], actor: Actor): Promise<Map<string, CrmRecord>> {
  const keys = [...new Set(ids)].map((id) => recordKey(product, actor.caller.tenantId, id));
  const items = await batchGetItems('crm', keys, { consistent: true });
  return new Map(items.filter(isLiving).map((item) => [String(item.id), toRecord(product, item)]));
}
