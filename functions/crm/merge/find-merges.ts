import { type PageQuery, parsePage } from '../../platform/parse-page.ts';
import type { Actor } from '../../shared/actor.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import { getItem, queryPage } from '../../shared/dynamo/table.ts';
import { notFound } from '../../shared/problem.ts';
import { type Merge, mergeKey, toMerge } from './merge-item.ts';

/** One GetItem. @throws {Problem} `not_found` */
export async function getMerge(id: string, { caller }: Actor): Promise<Merge> {
  const item = id === '' ? undefined : await getItem('platform', mergeKey(caller.tenantId, id));
  if (!item) throw notFound('merge', id);
  return toMerge(item);
}

/** A page of the tenant's merges, newest first: one Query. @throws {Problem} `invalid_cursor` */
export async function listMerges(query: PageQuery, { caller }: Actor) {
  const { limit, cursor } = parsePage(query);
  const { pk } = mergeKey(caller.tenantId, '');
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, pk);
  const { items, lastKey } = await queryPage({
    table: 'platform',
    key: { text: 'pk = :pk', values: { ':pk': pk } },
    limit,
    descending: true,
    ...(after !== undefined && { startKey: { pk, sk: after } }),
  });
  return {
    data: items.map(toMerge),
    page: { nextCursor: lastKey ? encodeCursor([String(lastKey.sk)], pk) : null },
  };
}
