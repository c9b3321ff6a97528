import { isDate, parseInstant } from '../clock.ts';
import { Problem, type ProblemDetail, validationFailed } from '../problem.ts';
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
const reserved = new Set(['sort', 'limit', 'cursor', 'fields', 'include']);

/**
 * Reads a list's query parameters, whose names the router has checked already.
 * @throws {Problem} `unsupported_sort`, or `validation_failed` naming each parameter
 */
export function parseListQuery(query: Record<string, string>, spec: ListSpec): ListQuery {
  const errors: ProblemDetail[] = [];
  const filters = Object.entries(query).flatMap(([name, text]) => {
    if (reserved.has(name)) return [];
    try {
      return [parseFilter(name, text, spec)];
    } catch (error) {
      errors.push({ parameter: name, code: 'invalid_value', message: (error as Error).message });
      return [];
    }
  });
  const limit = parseLimit(query.limit, errors);
  if (query.include !== undefined && query.include !== 'total') {
    errors.push({ parameter: 'include', code: 'invalid_value', message: 'must be total' });
  }
  if (errors.length > 0) throw validationFailed(errors);
  return {
    filters,
    sort: parseSort(query.sort, filters, spec),
    limit,
    includeTotal: query.include === 'total',
    ...(query.cursor !== undefined && { cursor: query.cursor }),
    ...(query.fields !== undefined && { fields: query.fields.split(',').map((name) => name.trim()) }),
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
  const implied = filters.map(({ field }) => spec.impliedSorts?.[field]).find((sort) => sort !== undefined);
  const sort = text ?? implied ?? spec.defaultSort;
  const descending = sort.startsWith('-');
  const field = descending ? sort.slice(1) : sort;
  if (!Object.hasOwn(spec.sorts, field)) {
    const supported = Object.keys(spec.sorts).flatMap((name) => [name, `-${name}`]);
    throw new Problem(
      'unsupported_sort',
      `Cannot sort by ${JSON.stringify(sort)}; supported: ${supported.join(', ')}`,
      {
        errors: [
          { parameter: 'sort', code: 'unsupported_sort', message: `supported: ${supported.join(', ')}` },
        ],
        extensions: { supported },
      },
    );
  }
  return { field, descending };
}

function parseFilter(name: string, text: string, spec: ListSpec): Filter {
  const match = /^([^[]+)(?:\[(\w+)\])?$/.exec(name);
  const field = match?.[1] ?? name;
  const operator = (match?.[2] ?? 'eq') as Operator;
  const definition = spec.filters[field];
  if (!definition) throw new Error('is not a filter of this list');
  const parts = operator === 'in' ? text.split(',') : [text];
  if (parts.length > maxInValues) throw new Error(`takes at most ${maxInValues} values`);
  return { field, operator, values: parts.map((part) => parseValue(part.trim(), definition)) };
}

function parseValue(text: string, field: FilterField): string | number | boolean {
  if (text === '') throw new Error('must not be empty');
  if (field.values && !field.values.includes(text))
    throw new Error(`must be one of: ${field.values.join(', ')}`);
  switch (field.type) {
    case 'integer':
      if (!/^-?\d{1,15}$/.test(text)) throw new Error('must be a whole number');
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
