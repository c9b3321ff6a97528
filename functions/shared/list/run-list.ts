import { type CursorPosition, decodeCursor, encodeCursor } from '../cursor.ts';
import type { Item } from '../dynamo/item.ts';
import { queryPage } from '../dynamo/table.ts';
import { type ListQuery, type ListSpec, maxRowsRead } from './list-spec.ts';
import { filterExpression, matchesFilters } from './match-filter.ts';
import { type ListPlan, planList } from './plan-list.ts';
import { roughBytes } from './rough-bytes.ts';

export interface ListPage {
  items: Item[];
  nextCursor: string | null;
}

/** Bytes after which a page ends early: Lambda's answers end at 6 MB, and a Query adds at most 1 MB (AWS). */
const fullPage = 4_000_000;

export interface ListOptions {
  /** Fetches the whole items where the index holds keys only; filters then apply afterwards. */
  hydrate?: (keys: Item[]) => Promise<Item[]>;
}

/**
 * One page of a list: one Query, and further ones only where filters drop rows.
 * @throws {Problem} `invalid_cursor`
 */
export async function runList(
  query: ListQuery,
  spec: ListSpec,
  tenantId: string,
  options: ListOptions = {},
): Promise<ListPage> {
  const plan = planList(query, spec, tenantId);
  const scope = cursorScope(query, spec, tenantId);
  const wanted = query.limit + 1;
  const filter = options.hydrate ? undefined : filterExpression(plan.residual, spec);
  const found: Item[] = [];
  let read = 0;
  let bytes = 0;
  let startKey = query.cursor === undefined ? undefined : startKeyOf(decodeCursor(query.cursor, scope), plan);
  while (found.length < wanted) {
    const limit = Math.min(
      maxRowsRead - read,
      plan.residual.length > 0 ? Math.max(2 * wanted, 100) : wanted - found.length,
    );
    const page = await queryPage({
      table: spec.table,
      index: plan.source.index,
      key: plan.key,
      filter,
      limit,
      descending: query.sort.descending,
      ...(startKey && { startKey }),
    });
    read += limit;
    const items = options.hydrate
      ? (await options.hydrate(page.items)).filter((item) => matchesFilters(item, plan.residual, spec))
      : page.items;
    found.push(...items);
    startKey = page.lastKey;
    if (!startKey || read >= maxRowsRead) break;
    for (const item of items) bytes += roughBytes(item);
    if (bytes > fullPage) break;
  }
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  const more = found.length > query.limit ? last : startKey;
  return { items, nextCursor: more ? encodeCursor(positionOf(more, plan), scope) : null };
}

/** What the next page must share with this one, as one string. */
export function cursorScope(query: ListQuery, spec: ListSpec, tenantId: string): string {
  const filters = query.filters.map(({ field, operator, values }) => [field, operator, values]);
  return JSON.stringify([
    tenantId,
    spec.what,
    query.sort,
    filters.sort(),
    ...(query.terms ? [query.terms] : []),
  ]);
}

function positionOf(item: Item, { source }: ListPlan): CursorPosition {
  const position = [String(item.pk), String(item.sk)];
  return source.index ? [...position, String(item[source.skAttribute])] : position;
}

/** The exclusive start key; its partition keys are the plan's own, so a cursor cannot lead into another tenant. */
function startKeyOf([pk, sk, indexSk]: CursorPosition, { source, key }: ListPlan): Item {
  const partition = key.values?.[':pk'];
  return source.index
    ? { pk, sk, [source.pkAttribute]: partition, [source.skAttribute]: indexSk }
    : { pk: partition, sk };
}
