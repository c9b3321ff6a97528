import type { FollowedEntity } from '../../shared/counted-fields.ts';
import type { Item, Key } from '../../shared/dynamo/item.ts';
import { queryPage } from '../../shared/dynamo/table.ts';

/**
 * Says that the counters of an entity are being counted anew. While it is there the changes function moves a second
 * set of counters, the new ones, together with those in force, and marks the history entries of what it has told
 * them. So whatever is written meanwhile is in the new ones exactly once: by the changes function, or by the recount
 * for what was followed before. See docs/decisions/0056-counters.md.
 */
export interface RecountMarker {
  /** The recount; of the task that does it and the entity. */
  id: string;
  /** ISO 8601. */
  startedAt: string;
  /** ISO 8601; the new counters are not kept any longer. */
  until: string;
  /** The id of the last record that has been counted; all are after `''`. */
  position: string;
  /** How many have been looked at. */
  records: number;
}

/** Longer than any recount takes; one that was given up costs its writes for so long. */
const recountHours = 24;

export function recountEnd(startedAt: Date): { until: string; ttl: number } {
  const end = startedAt.getTime() + recountHours * 3_600_000;
  return { until: new Date(end).toISOString(), ttl: Math.ceil(end / 1_000) };
}

export function recountKey(tenantId: string, entity: FollowedEntity): Key {
  return { pk: `${tenantId}#recounts`, sk: entity };
}

/** Where the new counters of an item are. */
export function newCountersKey({ pk, sk }: Key, recountId: string): Key {
  return { pk: `${pk}#recount#${recountId}`, sk };
}

/** The recounts under way: `<tenant>#<entity>` → its marker. */
export type Recounts = ReadonlyMap<string, RecountMarker>;

/**
 * One consistent Query a tenant. Read after changes have been received and before they are applied: then a recount
 * that is not seen here began after them, and waits for them.
 * @param at ISO 8601; what has ended by then is over
 */
export async function readRecounts(tenantIds: Iterable<string>, at: string): Promise<Recounts> {
  const found = new Map<string, RecountMarker>();
  for (const tenantId of new Set(tenantIds)) {
    const { items } = await queryPage({
      table: 'views',
      key: { text: 'pk = :pk', values: { ':pk': recountKey(tenantId, 'contact').pk } },
      consistent: true,
    });
    for (const item of items) {
      const marker = toMarker(item);
      if (marker.until > at) found.set(`${tenantId}#${item.sk}`, marker);
    }
  }
  return found;
}

export function toMarker({ id, startedAt, until, position, records }: Item): RecountMarker {
  return { id, startedAt, until, position, records } as RecountMarker;
}
