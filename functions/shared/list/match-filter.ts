import type { Item } from '../dynamo/item.ts';
import type { Expression } from '../dynamo/table.ts';
import type { Filter, FilterField, ListSpec } from './list-spec.ts';

const comparators = { eq: '=', ne: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** The filters as one DynamoDB filter expression; undefined when there are none. */
export function filterExpression(filters: Filter[], spec: ListSpec): Expression | undefined {
  const names: Record<string, string> = {};
  const values: Item = {};
  const parts = filters.map((filter, at) => {
    const field = spec.filters[filter.field];
    names[`#f${at}`] = field?.attribute ?? filter.field;
    if (field?.part !== undefined) names[`#p${at}`] = field.part;
    const name = field?.part === undefined ? `#f${at}` : `#f${at}.#p${at}`;
    filter.values.forEach((value, index) => {
      values[`:f${at}v${index}`] = field?.keyed && filter.operator === 'eq' ? `${value}#` : value;
    });
    if (filter.operator === 'in') {
      return `${name} IN (${filter.values.map((_, index) => `:f${at}v${index}`).join(', ')})`;
    }
    if (filter.operator === 'prefix' || (field?.keyed && filter.operator === 'eq'))
      return `begins_with(${name}, :f${at}v0)`;
    if (field?.type === 'tag') {
      return filter.operator === 'ne' ? `NOT contains(${name}, :f${at}v0)` : `contains(${name}, :f${at}v0)`;
    }
    return `${name} ${comparators[filter.operator]} :f${at}v0`;
  });
  if (spec.livingOnly) {
    names['#deletedAt'] = 'deletedAt';
    parts.push('attribute_not_exists(#deletedAt)');
  }
  return parts.length > 0 ? { text: parts.join(' AND '), names, values } : undefined;
}

/** The same as the expression, on an item that is already here. */
export function matchesFilters(item: Item, filters: Filter[], spec: ListSpec): boolean {
  if (spec.livingOnly && item.deletedAt !== undefined) return false;
  return filters.every((filter) => {
    const field = spec.filters[filter.field];
    const stored = storedValue(item, filter, field);
    const [value] = filter.values;
    if (field?.type === 'tag') {
      const contained = Array.isArray(stored) && stored.includes(value);
      return filter.operator === 'ne' ? !contained : contained;
    }
    if (filter.operator === 'ne') return stored !== value;
    if (stored === undefined || stored === null || value === undefined) return false;
    if (filter.operator === 'in') return filter.values.includes(stored as string);
    if (field?.keyed && filter.operator === 'eq') return String(stored).startsWith(`${value}#`);
    if (filter.operator === 'prefix') return String(stored).startsWith(String(value));
    return compare(stored as string | number, filter.operator, value as string | number);
  });
}

function storedValue(item: Item, { field: name }: Filter, field: FilterField | undefined): unknown {
  const value = item[field?.attribute ?? name];
  if (field?.part === undefined) return value;
  // A part may be named like what every object has, such as `constructor`.
  return value && Object.hasOwn(value, field.part) ? (value as Item)[field.part] : undefined;
}

function compare(
  stored: string | number,
  operator: 'eq' | 'gt' | 'gte' | 'lt' | 'lte',
  value: string | number,
) {
  switch (operator) {
    case 'eq':
      return stored === value;
    case 'gt':
      return stored > value;
    case 'gte':
      return stored >= value;
    case 'lt':
      return stored < value;
    case 'lte':
      return stored <= value;
  }
}
