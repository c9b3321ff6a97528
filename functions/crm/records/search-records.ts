import type { Actor } from '../../shared/actor.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { batchGetItems } from '../../shared/dynamo/table.ts';
import { type ListQuery, maxRowsRead } from '../../shared/list/list-spec.ts';
import { matchesFilters } from '../../shared/list/match-filter.ts';
import { cursorScope, type ListPage } from '../../shared/list/run-list.ts';
import { type Candidate, readCandidates } from '../../shared/search/read-candidates.ts';
import { wordsOfRecord } from '../../shared/search/word-item.ts';
import { matchesTerms } from '../../shared/search/words.ts';
import type { EntityDefinition } from './entity.ts';
import { recordKey } from './record-item.ts';

/** Rows beside the first of their record: read along, so that a page does not need another Query because of them. */
const spareRows = 10;
/** AWS: keys of one BatchGetItem. */
const hydratedAtOnce = 100;
/** Rows of a Query when filters drop records. */
const filteredRows = 200;

/**
 * A page of the records that have words like the terms, in the order of those words: one Query and one BatchGetItem,
 * more only while filters drop records. Words follow writes within about a second; what is answered is checked
 * against the records as they are.
 * @throws {Problem} `invalid_cursor`
 */
export async function searchRecords(
  definition: EntityDefinition,
  request: ListQuery & { terms: string[] },
  actor: Actor,
): Promise<ListPage> {
  const { tenantId } = actor.caller;
  const { limit, cursor, filters, terms } = request;
  const scope = cursorScope(request, definition.list, tenantId);
  const found: Item[] = [];
  let [place] = cursor === undefined ? [] : decodeCursor(cursor, scope);
  let waiting: Candidate[] = [];
  let last: string | undefined = place;
  let atEnd = false;
  let read = 0;
  while (found.length < limit) {
    if (waiting.length === 0) {
      if (last !== undefined) place = last;
      if (atEnd || read >= maxRowsRead) break;
      const rows = Math.min(
        maxRowsRead - read,
        filters.length > 0 ? filteredRows : limit - found.length + spareRows,
      );
      const page = await readCandidates({
        tenantId,
        entity: definition.entity,
        terms,
        rows,
        ...(place !== undefined && { after: place }),
      });
      read += rows;
      waiting = page.candidates;
      last = page.last;
      atEnd = last === undefined;
      continue;
    }
    const chunk = waiting.splice(0, filters.length > 0 ? hydratedAtOnce : limit - found.length);
    const items = await hydrate(definition, tenantId, chunk);
    for (const candidate of chunk) {
      if (found.length === limit) {
        waiting.push(candidate);
        continue;
      }
      place = candidate.place;
      const item = items.get(candidate.id);
      if (
        item &&
        matchesSearch(definition, item, request) &&
        matchesFilters(item, filters, definition.list)
      ) {
        found.push(item);
      }
    }
  }
  const more = waiting.length > 0 || !atEnd;
  return { items: found, nextCursor: more && place !== undefined ? encodeCursor([place], scope) : null };
}

/** Whether a record has the words that are asked for as it is now. */
export function matchesSearch(
  { entity }: EntityDefinition,
  item: Item,
  { terms }: Pick<ListQuery, 'terms'>,
): boolean {
  return (
    terms === undefined || (item.deletedAt === undefined && matchesTerms(wordsOfRecord(entity, item), terms))
  );
}

async function hydrate(
  definition: EntityDefinition,
  tenantId: string,
  candidates: Candidate[],
): Promise<Map<string, Item>> {
  const keys = candidates.map(({ id }) => recordKey(definition, tenantId, id));
  const items = await batchGetItems('crm', keys);
  return new Map(items.map((item) => [String(item.id), item]));
}
