import { countersKey } from '../shared/counters-key.ts';
import type { Item, Key } from '../shared/dynamo/item.ts';
import { type Expression, getItem, queryPage } from '../shared/dynamo/table.ts';

/**
 * `total` and `<field>:<value>`, e.g. `status:active`; kept by the changes function. Where an entity has amounts,
 * beside each counter `<counter>/count/<currency>` and `<counter>/<sum>/<currency>`.
 */
export type Counters = Record<string, number>;

/** The counters of one entity; empty when nothing was ever written. Eventually consistent, as they are themselves. */
export async function readCounters(tenantId: string, entity: string): Promise<Counters> {
  return readCounterItem(countersKey(tenantId, entity));
}

/** One GetItem. */
export async function readCounterItem(key: Key): Promise<Counters> {
  return toCounters((await getItem('views', key, { consistent: false })) ?? {});
}

/**
 * The counters of every entity, those of deals by stage and what is due by month: one Query, which grows with the
 * number of stages only.
 */
export async function readAllCounters(tenantId: string): Promise<Record<string, Counters>> {
  const { pk } = countersKey(tenantId, '');
  const items = await queryAll({ text: 'pk = :pk', values: { ':pk': pk } });
  return Object.fromEntries(items.map((item) => [String(item.sk), toCounters(item)]));
}

/** Deals by stage: one Query. */
export async function readCountersOfDeals(
  tenantId: string,
): Promise<{ pipelineId: string; stageId: string; counters: Counters }[]> {
  const { pk, sk } = countersKey(tenantId, 'deal#');
  const items = await queryAll({
    text: 'pk = :pk AND begins_with(sk, :sk)',
    values: { ':pk': pk, ':sk': sk },
  });
  return items.map((item) => {
    const [, pipelineId = '', stageId = ''] = String(item.sk).split('#');
    return { pipelineId, stageId, counters: toCounters(item) };
  });
}

async function queryAll(key: Expression): Promise<Item[]> {
  const items: Item[] = [];
  let startKey: Item | undefined;
  do {
    const page = await queryPage({ table: 'views', key, startKey });
    items.push(...page.items);
    startKey = page.lastKey;
  } while (startKey);
  return items;
}

/** What a counter item holds beside its key. */
export function toCounters({ pk: _pk, sk: _sk, ...counters }: Item): Counters {
  return counters as Counters;
}
