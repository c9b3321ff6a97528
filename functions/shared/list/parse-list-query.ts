import { isDate, parseInstant } from '../clock.ts';
import { Problem, type ProblemDetail, validationFailed } from '../problem.ts';
import { parseSearch } from '../search/parse-search.ts';
import {
  defaultLimit,
  type Filter,
  type FilterField,
  type ListQuery,
  type ListSpec,
  maxLimit,
  type Operator,
} from './list-spec.ts';

const maxInValues = 20;
const reserved = new Set(['sort', 'limit', 'cursor', 'fields', 'include', 'expand', 'q']);

/**
 * Reads a list's query parameters, whose names the router has checked already.
 * @param subject who asks: what `me` stands for in filters on members
 * @throws {Problem} `unsupported_sort`, or `validation_failed` naming each parameter
 */
export function parseListQuery(query: Record<string, string>, spec: ListSpec, subject?: string): ListQuery {
  const errors: ProblemDetail[] = [];
  const filters = Object.entries(query).flatMap(([name, text]) => {
    if (reserved.has(name)) return [];
    try {
      return [parseFilter(name, text, spec, subject)];
    } catch (error) {
      errors.push({ parameter: name, code: 'invalid_value', message: (error as Error).message });
      return [];
    }
  });
  const limit = parseLimit(query.limit, errors);
  if (query.include !== undefined && query.include !== 'total') {
    errors.push({ parameter: 'include', code: 'invalid_value', message: 'must be total' });
  }
  const terms = query.q === undefined ? undefined : parseTerms(query.q, errors);
  if (terms && query.include === 'total') {
    errors.push({ parameter: 'include', code: 'unsupported_total', message: 'no total is known with q' });
  }
  if (errors.length > 0) throw validationFailed(errors);
  return {
    filters,
    sort: terms ? parseWordSort(query.sort) : parseSort(query.sort, filters, spec),
    limit,
    includeTotal: query.include === 'total',
    ...(query.cursor !== undefined && { cursor: query.cursor }),
    ...(query.fields !== undefined && {
      fields: [...new Set(query.fields.split(',').map((name) => name.trim()))],
    }),
    ...(terms && { terms }),
  };
}

function parseLimit(text: string | undefined, errors: ProblemDetail[]): number {
  if (text === undefined) return defaultLimit;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > maxLimit) {
    errors.push({
      parameter: 'limit',
      code: 'invalid_value',
      message: `must be a whole number from 1 to ${maxLimit}`,
    });
  }
  return limit;
}

function parseSort(text: string | undefined, filters: Filter[], spec: ListSpec): ListQuery['sort'] {
  const sort = text ?? impliedSort(filters, spec) ?? spec.defaultSort;
  const descending = sort.startsWith('-');
  const field = descending ? sort.slice(1) : sort;
  if (!Object.hasOwn(spec.sorts, field)) {
    const supported = Object.keys(spec.sorts).flatMap((name) => [name, `-${name}`]);
    throw unsupportedSort(`Cannot sort by ${JSON.stringify(sort)}`, supported);
  }
  return { field, descending };
}

/** The one order of a search. */
const wordSort = 'word';

function parseWordSort(text: string | undefined): ListQuery['sort'] {
  if (text === undefined || text === wordSort) return { field: wordSort, descending: false };
  throw unsupportedSort(`With q there is no sorting by ${JSON.stringify(text)}`, [wordSort]);
}

function unsupportedSort(why: string, supported: string[]): Problem {
  const message = `supported: ${supported.join(', ')}`;
  return new Problem('unsupported_sort', `${why}; ${message}`, {
    errors: [{ parameter: 'sort', code: 'unsupported_sort', message }],
    extensions: { supported },
  });
}

function parseTerms(text: string, errors: ProblemDetail[]): string[] {
  try {
    return parseSearch(text);
  } catch (error) {
    errors.push({ parameter: 'q', code: 'invalid_value', message: (error as Error).message });
    return [];
  }
}

/** The sort whose index answers a filter; where a partition does already, what lies in it is looked through. */
function impliedSort(filters: Filter[], spec: ListSpec): string | undefined {
  const implied = filters.map(({ field }) => spec.impliedSorts?.[field]).find((sort) => sort !== undefined);
  if (implied !== undefined) return implied;
  const narrowed = filters.some(
    ({ field, operator }) =>
      operator === 'eq' && spec.partitions.some((partition) => partition.field === field),
  );
  if (narrowed) return undefined;
  return filters.find(
    ({ field, operator }) => spec.rangeSorts?.includes(field) && operator !== 'ne' && operator !== 'in',
  )?.field;
}

function parseFilter(name: string, text: string, spec: ListSpec, subject: string | undefined): Filter {
  const match = /^([^[]+)(?:\[(\w+)\])?$/.exec(name);
  const field = match?.[1] ?? name;
  const operator = (match?.[2] ?? 'eq') as Operator;
  const definition = spec.filters[field];
  if (!definition) throw new Error('is not a filter of this list');
  const parts = operator === 'in' ? text.split(',') : [text];
  if (parts.length > maxInValues) throw new Error(`takes at most ${maxInValues} values`);
  const values = parts.map((part) => part.trim()).map((part) => callerFor(part, definition, subject));
  return { field, operator, values: values.map((value) => parseValue(value, definition)) };
}

function callerFor(text: string, { member }: FilterField, subject: string | undefined): string {
  return member && text === 'me' ? (subject ?? text) : text;
}

function parseValue(text: string, field: FilterField): string | number | boolean {
  if (text === '') throw new Error('must not be empty');
  if (field.values && !field.values.includes(text))
    throw new Error(`must be one of: ${field.values.join(', ')}`);
  switch (field.type) {
    case 'integer':
      if (!/^-?\d{1,15}$/.test(text)) throw new Error('must be a whole number');
      return Number(text);
    case 'number':
      if (!/^-?\d{1,100}(\.\d{1,100})?$/.test(text)) throw new Error('must be a number such as 12.5');
      return Number(text);
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw new Error('must be true or false');
      return text === 'true';
    case 'date':
      if (!isDate(text)) throw new Error('must be a date such as 2026-01-31');
      return text;
    case 'instant':
      return instantOf(text);
    default:
      return normalised(text, field);
  }
}

/** Longer values match nothing, and some are parts of keys, which end at 2 KB (AWS). */
const maxTextLength = 512;

function normalised(text: string, field: FilterField): string {
  if (text.length > maxTextLength) throw new Error(`must have at most ${maxTextLength} characters`);
  const value = field.normalise?.(text) ?? text;
  if (value === '') throw new Error('must have a character that counts');
  return value;
}

/** @throws with what is wrong */
function instantOf(text: string): string {
  // A plus sign that was not percent-encoded arrives as a space.
  const instant = parseInstant(text.replace(/ (\d{2}:\d{2})$/, '+$1'));
  if (instant === undefined) {
    throw new Error('must be an ISO 8601 instant with a zone, such as 2026-01-31T09:30:00Z');
  }
  return instant;
}
