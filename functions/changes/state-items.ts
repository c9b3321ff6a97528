import type { HistoryItem } from '../platform/history-item.ts';
import { historyPartition, historySortKey } from '../platform/history-item.ts';
import { activityEntries } from '../platform/timeline/activity-entries.ts';
import { blockItems } from '../shared/duplicates/block-item.ts';
import type { PlainWrite } from '../shared/dynamo/batch-write.ts';
import type { Item, Key } from '../shared/dynamo/item.ts';
import { batchGetItems } from '../shared/dynamo/table.ts';
import { isSearched } from '../shared/search/searched-fields.ts';
import { wordItems } from '../shared/search/word-item.ts';
import type { Change } from './change.ts';

/**
 * Items that say what a record is now: its words, a contact's blocks, and an activity's place in timelines. They must never be those of
 * an earlier version. A stream gives the writes of one record in their order, but it repeats them: one that has been
 * done with, which its history entry tells, is left alone, and of those that have not, the last one counts.
 */
function stateItems({ tenantId, entity }: Change, item: Item | undefined): (Item & Key)[] {
  if (!item || !isSearched(entity)) return [];
  return [
    ...wordItems(tenantId, entity, item),
    ...(entity === 'contact' ? blockItems(tenantId, item) : []),
    ...(entity === 'activity' ? activityEntries(tenantId, item) : []),
  ];
}

/** What brings the items of some changes up to date; reads one history key for each change that moves any. */
export async function stateWrites(changes: readonly Change[]): Promise<PlainWrite[]> {
  const moving = changes
    .map((change) => ({
      ...change,
      old: stateItems(change, change.before),
      new: stateItems(change, change.after),
    }))
    .filter((change) => JSON.stringify(change.old) !== JSON.stringify(change.new));
  const done = await doneWith(moving);
  const byRecord = Map.groupBy(
    moving.filter((change) => !done.has(markOf(change))),
    ({ tenantId, id }) => `${tenantId} ${id}`,
  );
  return [...byRecord.values()].flatMap((versions) => {
    const last = versions.reduce((a, b) => (b.version >= a.version ? b : a));
    const kept = new Set(last.new.map(nameOf));
    const gone = versions.flatMap((version) => [...version.old, ...version.new]);
    return [
      ...gone.filter((item) => !kept.has(nameOf(item))).map(({ pk, sk }) => ({ remove: { pk, sk } })),
      ...last.new.map((put) => ({ put })),
    ];
  });
}

const nameOf = ({ pk, sk }: Key) => `${pk} ${sk}`;
const markOf = ({ tenantId, id, version }: Change) =>
  nameOf({ pk: historyPartition(tenantId, id), sk: historySortKey(version) });

/** The changes whose history entry is there. */
async function doneWith(changes: readonly Change[]): Promise<Set<string>> {
  const keys = new Map(
    changes.map((change) => [
      markOf(change),
      { pk: historyPartition(change.tenantId, change.id), sk: historySortKey(change.version) },
    ]),
  );
  const found = await batchGetItems('views', [...keys.values()], { consistent: true, project: ['pk'] });
  return new Set((found as unknown as HistoryItem[]).map(nameOf));
}
