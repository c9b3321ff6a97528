import { decodeCursor, encodeCursor } from '../shared/cursor.ts';
import { queryPage } from '../shared/dynamo/table.ts';
import { type ActorKind, actorKindOf } from './audit/audit-item.ts';
import { type FieldChange, type HistoryItem, historyPartition } from './history-item.ts';
import { type PageQuery, parsePage } from './parse-page.ts';

/** One write of a record, as answered. */
export type HistoryEntry = Omit<HistoryItem, 'pk' | 'sk' | 'entity' | 'id'> & { actorKind: ActorKind };

export interface HistoryPage {
  data: HistoryEntry[];
  page: { nextCursor: string | null };
}

/**
 * The writes of a record, newest first: one Query. That the caller may see the record is checked before.
 * @param query `limit` and `cursor` as sent
 * @throws {Problem} `validation_failed`, `invalid_cursor`
 */
export async function readHistory(tenantId: string, id: string, query: PageQuery): Promise<HistoryPage> {
  const { limit, cursor } = parsePage(query);
  const scope = JSON.stringify([tenantId, 'history', id]);
  const pk = historyPartition(tenantId, id);
  const [version] = cursor === undefined ? [] : decodeCursor(cursor, scope);
  // One more than the page has tells whether there is another page; a Query ends at 1 MB (AWS), too.
  const { items, lastKey } = await queryPage({
    table: 'views',
    key: { text: 'pk = :pk', values: { ':pk': pk } },
    limit: limit + 1,
    descending: true,
    ...(version !== undefined && { startKey: { pk, sk: version } }),
  });
  const shown = items.slice(0, limit);
  const last = items.length > limit || lastKey ? shown.at(-1) : undefined;
  return {
    data: shown.map((item) => toEntry(item as unknown as HistoryItem)),
    page: { nextCursor: last ? encodeCursor([String(last.sk)], scope) : null },
  };
}

function toEntry({ version, action, at, actor, requestId, changes }: HistoryItem): HistoryEntry {
  const actorKind = actorKindOf(actor);
  return { version, action, at, actor, actorKind, requestId, changes: inFieldOrder(changes) };
}

/** Stored maps have no order; answers keep one. */
export function inFieldOrder(changes: FieldChange[]): FieldChange[] {
  return changes.map(({ field, old, new: value }) => ({ field, old, new: value }));
}
