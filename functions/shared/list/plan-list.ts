import type { Item } from '../dynamo/item.ts';
import { endOfPrefix } from '../dynamo/key-prefix.ts';
import type { Expression } from '../dynamo/table.ts';
import { firstIdAt } from '../ids.ts';
import type { Filter, ListQuery, ListSpec, RowSource } from './list-spec.ts';

/** How a list is read: one index range, and what is left to filter. */
export interface ListPlan {
  source: RowSource;
  key: Expression;
  /** Filters that the range does not answer by itself. */
  residual: Filter[];
}

/** Sorts after every id, so `<value>#~` ends the range of all keys that begin with `<value>#`. */
const afterIds = '#~';

/** Chooses the narrowest source in the wanted order and turns filters on its sort field into a key range. */
export function planList(query: ListQuery, spec: ListSpec, tenantId: string): ListPlan {
  const { field: sortField } = query.sort;
  const filters = query.filters.flatMap((filter) => spec.filters[filter.field]?.standsFor?.() ?? [filter]);
  const equal = (name: string | undefined) =>
    filters.find(({ field, operator }) => field === name && operator === 'eq');
  const partition = spec.partitions.find(
    ({ field, within, sort }) =>
      sort === sortField && equal(field) && (within === undefined || equal(within)),
  );
  const partitionFilters = partition ? [equal(partition.within), equal(partition.field)] : [];
  const value = partitionFilters.flatMap((filter) => (filter ? [String(filter.values[0])] : [])).join('/');
  const source = partition?.source ?? spec.sorts[sortField];
  if (!source) throw new Error(`list ${spec.what} has no source for the sort ${sortField}`);
  const rest = filters.filter((filter) => !partitionFilters.includes(filter));
  const inRange = (filter: Filter) =>
    filter.field === sortField && filter.operator !== 'ne' && filter.operator !== 'in';
  const range = sortRange(rest.filter(inRange), source, spec);
  return {
    source,
    key: keyExpression(source, source.partition(tenantId, value), range),
    residual: rest.filter((filter) => !inRange(filter)),
  };
}

interface SortRange {
  lower?: string;
  upper?: string;
}

function sortRange(filters: Filter[], source: RowSource, spec: ListSpec): SortRange {
  const range: SortRange = {};
  const raise = (bound: string) => {
    if (range.lower === undefined || bound > range.lower) range.lower = bound;
  };
  const lower = (bound: string) => {
    if (range.upper === undefined || bound < range.upper) range.upper = bound;
  };
  for (const { operator, values } of filters) {
    const value = source.encode?.(String(values[0])) ?? String(values[0]);
    const [from, first, beyond] =
      source.keyOf === 'id'
        ? [0, 0, 1].map((later) => firstIdAt(spec.idPrefix, Date.parse(value) + later))
        : [value, `${value}#`, `${value}${afterIds}`];
    if (from === undefined || first === undefined || beyond === undefined) continue;
    if (operator === 'gte') raise(from);
    if (operator === 'eq') raise(first);
    if (operator === 'gt') raise(beyond);
    if (operator === 'lte' || operator === 'eq') lower(beyond);
    if (operator === 'lt') lower(from);
    if (operator === 'prefix') {
      raise(value);
      lower(endOfPrefix(value));
    }
  }
  return range;
}

function keyExpression(source: RowSource, partition: string, range: SortRange): Expression {
  const names: Record<string, string> = { '#pk': source.pkAttribute };
  const values: Item = { ':pk': partition };
  let text = '#pk = :pk';
  if (range.lower !== undefined || range.upper !== undefined) {
    names['#sk'] = source.skAttribute;
  }
  if (range.lower !== undefined && range.upper !== undefined) {
    // BETWEEN refuses a lower bound above the upper one; such a range is simply empty.
    values[':lower'] = range.lower;
    values[':upper'] = [range.lower, range.upper].sort().at(-1);
    text += ' AND #sk BETWEEN :lower AND :upper';
  } else if (range.lower !== undefined) {
    values[':lower'] = range.lower;
    text += ' AND #sk >= :lower';
  } else if (range.upper !== undefined) {
    values[':upper'] = range.upper;
    text += ' AND #sk <= :upper';
  }
  return { text, names, values };
}
