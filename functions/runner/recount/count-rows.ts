import type { RecountMarker } from '../../platform/counting/recount-marker.ts';
import { type HistoryItem, historyPartition, historySortKey } from '../../platform/history-item.ts';
import type { FollowedEntity } from '../../shared/counted-fields.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { batchGetItems, ConditionFailed, putItem, queryPage } from '../../shared/dynamo/table.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { isFollowed, stateBefore } from './followed-state.ts';
import { sourceOf } from './source-rows.ts';

/**
 * A write older than this has been followed or never will be: the streams give up a record after six hours
 * (lib/processing.ts).
 */
const recentMillis = 6 * 3_600_000;
/** Between two looks at a record whose last write has not been followed yet, in milliseconds. */
const pauseMillis = 200;
/** History entries that are read of one record. */
const maxEntries = 100;
const atOnce = 16;

/** A record that was looked at, and what the recount has to count of it, if anything. */
export interface CountedRow {
  id: string;
  state?: Item;
}

/**
 * What the recount itself has to count of some records: each as it was before the writes that it has been told of.
 * Records with a write that has not been followed yet are waited for.
 * @param patience milliseconds; after that the write is taken for lost and counted here, and its history entry is
 * put, so that it is not counted again should it come after all
 * @returns the records in the order of their ids; undefined: there is no time to wait any longer
 */
export async function countedStates(
  tenantId: string,
  entity: FollowedEntity,
  items: Item[],
  marker: RecountMarker,
  patience: { millis: number; remainingMillis(): number },
): Promise<CountedRow[] | undefined> {
  const recent = new Date(Date.parse(marker.startedAt) - recentMillis).toISOString();
  const isRecent = ({ updatedAt }: Item) => String(updatedAt) >= recent;
  const rows = items.filter((item) => !isRecent(item)).map((item) => rowOf(item, []));
  let open = items.filter(isRecent);
  const until = Date.now() + patience.millis;
  while (open.length > 0) {
    const looked = await lookAt(tenantId, entity, open, marker.id);
    rows.push(...looked.flatMap(({ row }) => row ?? []));
    open = looked.flatMap(({ item, row }) => (row ? [] : [item]));
    if (open.length === 0) break;
    if (patience.remainingMillis() <= 0) return undefined;
    if (Date.now() >= until) {
      await mapConcurrently(open, atOnce, (item) => takeForLost(tenantId, entity, item));
    } else {
      await new Promise((wake) => setTimeout(wake, pauseMillis));
    }
    open = await readAgain(tenantId, entity, open);
  }
  return rows.sort((one, other) => (one.id < other.id ? -1 : 1));
}

function rowOf(item: Item, told: HistoryItem[]): CountedRow {
  const state = stateBefore(item, told);
  return { id: String(item.id), ...(state && { state }) };
}

/** One BatchGetItem of history entries for a hundred records; more only of those that need it. */
async function lookAt(
  tenantId: string,
  entity: FollowedEntity,
  items: Item[],
  recountId: string,
): Promise<{ item: Item; row?: CountedRow }[]> {
  const keyOf = ({ id, version }: Item) => ({
    pk: historyPartition(tenantId, String(id)),
    sk: historySortKey(Number(version)),
  });
  const found = await batchGetItems('views', items.map(keyOf), { consistent: true, project: ['recount'] });
  const entries = new Map(found.map((entry) => [`${entry.pk} ${entry.sk}`, entry]));
  return mapConcurrently(items, atOnce, async (item) => {
    const key = keyOf(item);
    const entry = entries.get(`${key.pk} ${key.sk}`);
    if (entry && entry.recount !== recountId) return { item, row: rowOf(item, []) };
    if (!entry && entity !== 'task') return { item };
    const history = await readEntries(key.pk);
    if (!entry && !isFollowed(item, history)) return { item };
    const first = history.findIndex(({ recount }) => recount !== recountId);
    return { item, row: rowOf(item, first < 0 ? history : history.slice(0, first)) };
  });
}

/** The history of a record, newest first. */
async function readEntries(pk: string): Promise<HistoryItem[]> {
  const { items } = await queryPage({
    table: 'views',
    key: { text: 'pk = :pk', values: { ':pk': pk } },
    descending: true,
    limit: maxEntries,
    consistent: true,
  });
  return items as unknown as HistoryItem[];
}

/** As they are by now; those that are gone are not counted. */
async function readAgain(tenantId: string, entity: FollowedEntity, items: Item[]): Promise<Item[]> {
  const { table, keyOf } = sourceOf(tenantId, entity);
  return batchGetItems(
    table,
    items.map(({ id }) => keyOf(String(id))),
    { consistent: true },
  );
}

/** Puts the entries of the writes that have none, from the last one back; what comes late finds them. */
async function takeForLost(tenantId: string, entity: FollowedEntity, item: Item): Promise<void> {
  const { id, version, updatedAt, updatedBy, requestId } = item;
  const pk = historyPartition(tenantId, String(id));
  const newest = (await readEntries(pk))[0]?.version ?? 0;
  const first = Math.max(newest + 1, Number(version) - maxEntries + 1);
  for (let lost = first; lost <= Number(version); lost += 1) {
    const entry: HistoryItem = {
      ...{ pk, sk: historySortKey(lost), entity, id: String(id), version: lost, action: 'updated' },
      ...{ at: String(updatedAt), actor: String(updatedBy ?? ''), requestId: String(requestId ?? '') },
      changes: [],
    };
    try {
      await putItem('views', { ...entry }, { text: 'attribute_not_exists(pk)' });
    } catch (error) {
      // It has been followed after all.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}
