import { type HistoryItem, historyPartition, historySortKey } from '../platform/history-item.ts';
import type { Item, Key } from '../shared/dynamo/item.ts';
import type { Write } from '../shared/dynamo/transaction.ts';
import type { Change } from './change.ts';
import { fittingChanges } from './fitting-changes.ts';

/** Tasks keep their attempts themselves; these entries are kept as long as somebody may look for who did what. */
const taskHistoryDays = 90;

/**
 * The history entry of a change. That it can be written only once makes it the mark of a change that has been
 * counted: it goes into the same transaction as the counters.
 * @param recount the recount whose counters move with it
 */
export function historyWrite(change: Change, recount?: string): Write & { kind: 'put' } {
  const { tenantId, entity, id, version, action, at, actor, requestId, changes } = change;
  const item: HistoryItem = {
    pk: historyPartition(tenantId, id),
    sk: historySortKey(version),
    entity,
    id,
    version,
    action,
    at,
    actor,
    requestId,
    changes: fittingChanges(changes),
    ...(recount !== undefined && { recount }),
  };
  return {
    kind: 'put',
    table: 'views',
    item: { ...(item as HistoryItem & Item & Key), ...(entity === 'task' && { ttl: endOf(at) }) },
    condition: { text: 'attribute_not_exists(pk)' },
  };
}

function endOf(at: string): number {
  return Math.floor(Date.parse(at) / 1_000) + taskHistoryDays * 86_400;
}
