import type { Actor } from '../../shared/actor.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { batchGetItems } from '../../shared/dynamo/table.ts';
import type { ListQuery } from '../../shared/list/list-spec.ts';
import { matchesFilters } from '../../shared/list/match-filter.ts';
import { cursorScope, type ListPage } from '../../shared/list/run-list.ts';
import type { Candidate } from '../../shared/search/read-candidates.ts';
import { runSearch } from '../../shared/search/run-search.ts';
import type { SearchedEntity } from '../../shared/search/searched-fields.ts';
import { wordsOfRecord } from '../../shared/search/word-item.ts';
import { matchesTerms } from '../../shared/search/words.ts';
import type { EntityDefinition } from './entity.ts';
import { isLiving, recordKey } from './record-item.ts';

/**
 * A page of the records that have words like the terms, in the order of those words: one Query and one BatchGetItem,
 * more only while filters drop records. Words follow writes within about a second; what is answered is checked
 * against the records as they are.
 * @throws {Problem} `invalid_cursor`
 */
export async function searchRecords(
  { entity, list }: EntityDefinition,
  request: ListQuery & { terms: string[] },
  { caller: { tenantId } }: Actor,
): Promise<ListPage> {
  const { limit, cursor, terms } = request;
  const filters = request.filters.flatMap((filter) => list.filters[filter.field]?.standsFor?.() ?? [filter]);
  const scope = cursorScope(request, list, tenantId);
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, scope);
  const { found, next } = await runSearch({
    ...{ tenantId, entities: [entity], terms, limit },
    ...(after !== undefined && { after }),
    selective: filters.length > 0,
    hydrate: async (candidates) =>
      (await foundRecords(candidates, terms, tenantId)).map((item) =>
        item && matchesFilters(item, filters, list) ? item : undefined,
      ),
  });
  return { items: found, nextCursor: next === undefined ? null : encodeCursor([next], scope) };
}

/** The stored records of candidates, of any entities, in one BatchGetItem; those that have changed meanwhile are `undefined`. */
export async function foundRecords(
  candidates: Candidate[],
  terms: string[],
  tenantId: string,
): Promise<(Item | undefined)[]> {
  const keys = candidates.map(({ entity, id }) => recordKey({ entity }, tenantId, id));
  const items = new Map((await batchGetItems('crm', keys)).map((item) => [String(item.id), item]));
  return candidates.map(({ entity, id }) => {
    const item = items.get(id);
    return item && hasWords(entity, item, terms) ? item : undefined;
  });
}

/** Whether a record is there and has the words that are asked for as it is now. */
export function hasWords(entity: SearchedEntity, item: Item, terms: string[] | undefined): boolean {
  return terms === undefined || (isLiving(item) && matchesTerms(wordsOfRecord(entity, item), terms));
}
