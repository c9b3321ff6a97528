import { type Problem, validationFailed } from '../shared/problem.ts';

/** `{ stage: { in: ['lead'] } }` as GraphQL has it. */
export type FilterArguments = Record<string, Record<string, unknown> | null>;

/** The members of a page that come from its arguments, as the REST list takes them. */
interface PageArguments {
  filter?: FilterArguments | null;
  sort?: string | null;
  limit?: number | null;
  cursor?: string | null;
  q?: string | null;
}

/** The arguments of an `xPage` field as parameters of the REST list, so that both read the same way. */
export function pageParameters({ filter, sort, limit, cursor, q }: PageArguments): Record<string, string> {
  return { ...filterParameters(filter), ...plainParameters({ sort, limit, cursor, q }) };
}

/**
 * A filter as list parameters: `stage[in]=lead,customer`, `custom.region=north`.
 * @throws {Problem} `validation_failed` for a `null` inside it: leaving it out would answer all records to
 *   somebody who asked for those without a value
 */
export function filterParameters(filter: FilterArguments | null | undefined): Record<string, string> {
  const entries = Object.entries(filter ?? {}).flatMap(([field, operators]) => {
    const pointer = `/filter/${field}`;
    if (field !== 'custom') return fieldParameters(field, operators, pointer);
    return Object.entries(objectAt(pointer, operators)).flatMap(([name, ofName]) =>
      fieldParameters(`${field}.${name}`, ofName, `${pointer}/${name}`),
    );
  });
  return Object.fromEntries(entries);
}

function fieldParameters(field: string, operators: unknown, pointer: string): [string, string][] {
  return Object.entries(objectAt(pointer, operators)).map(([operator, value]) => {
    if (value === null) throw nullInFilter(`${pointer}/${operator}`);
    return [operator === 'eq' ? field : `${field}[${operator}]`, toParameter(field, value)];
  });
}

/** What the schema has no shape for may be anything. */
function objectAt(pointer: string, value: unknown): Record<string, unknown> {
  if (value === null) throw nullInFilter(pointer);
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw validationFailed([{ pointer, code: 'invalid_type', message: 'must be an object' }]);
}

function nullInFilter(pointer: string): Problem {
  return validationFailed([
    { pointer, code: 'invalid_value', message: 'must not be null; leave it out to ask for any value' },
  ]);
}

/** Arguments that are parameters by their own name; `null` is the same as left out. */
export function plainParameters(args: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(args)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, toParameter(name, value)]),
  );
}

function toParameter(name: string, value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  // Lists are separated by commas in a REST parameter, so a value with one cannot be asked for.
  if (value.some((part) => String(part).includes(','))) {
    throw validationFailed([
      { parameter: name, code: 'invalid_value', message: 'values in a list must not contain commas' },
    ]);
  }
  return value.join(',');
}
