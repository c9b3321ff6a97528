import { countersKey } from '../shared/counters-key.ts';
import { getItem, queryPage } from '../shared/dynamo/table.ts';

/** `total` and `<field>:<value>`, e.g. `status:active`; kept by the changes function. */
export type Counters = Record<string, number>;

/** The counters of one entity; empty when nothing was ever written. Eventually consistent, as they are themselves. */
export async function readCounters(tenantId: string, entity: string): Promise<Counters> {
  const item = await getItem('views', countersKey(tenantId, entity), { consistent: false });
  return toCounters(item ?? {});
}

/** The counters of every entity: one Query. */
export async function readAllCounters(tenantId: string): Promise<Record<string, Counters>> {
  const { items } = await queryPage({
    table: 'views',
    key: { text: 'pk = :pk', values: { ':pk': countersKey(tenantId, '').pk } },
  });
  return Object.fromEntries(items.map((item) => [String(item.sk), toCounters(item)]));
}

function toCounters({ pk: _pk, sk: _sk, ...counters }: Record<string, unknown>): Counters {
  return counters as Counters;
}
