import { isDeepStrictEqual } from 'node:util';
import type { FieldChange } from '../platform/history-item.ts';

type Members = Record<string, unknown>;

/**
 * What differs between two values of the given members, in the order of names. Members of objects stand by
 * themselves (`address.city`, `custom.size`), and so do those of the elements of a list that was there before:
 * by their id where they have one (`stages[won].probability`), else by their place (`lines[2].quantity`).
 */
export function differencesOf(before: Members, after: Members, names: readonly string[]): FieldChange[] {
  return [...names].sort().flatMap((name) => compare(name, before[name], after[name]));
}

function compare(field: string, old: unknown, value: unknown): FieldChange[] {
  if (isDeepStrictEqual(old, value)) return [];
  if (areObjects([old, value].filter((side) => side !== undefined))) {
    return compareMembers(`${field}.`, (old ?? {}) as Members, (value ?? {}) as Members);
  }
  if (Array.isArray(old) && Array.isArray(value) && areObjects([...old, ...value])) {
    return compareLists(field, old, value);
  }
  return [changed(field, old, value)];
}

/** One level: what lies deeper is shown as a whole. */
function compareMembers(prefix: string, old: Members, value: Members): FieldChange[] {
  const names = [...new Set([...Object.keys(old), ...Object.keys(value)])].sort();
  return names
    .map((name) => ({ name, was: own(old, name), is: own(value, name) }))
    .filter(({ was, is }) => !isDeepStrictEqual(was, is))
    .map(({ name, was, is }) => changed(`${prefix}${name}`, was, is));
}

/** A custom field may be called `constructor`. */
const own = (members: Members, name: string) => (Object.hasOwn(members, name) ? members[name] : undefined);

function compareLists(field: string, old: Members[], value: Members[]): FieldChange[] {
  const [before, after] = [keyed(old), keyed(value)];
  if (before && after) {
    const ids = [...new Set([...before.keys(), ...after.keys()])];
    const changes = ids.flatMap((id) => compareElements(`${field}[${id}]`, before.get(id), after.get(id)));
    // The same elements in another order.
    return changes.length > 0 ? changes : [changed(field, old, value)];
  }
  return compareByPlace(field, old, value);
}

/** What stands before and after the part that differs is the same: a line that was taken out moves no others. */
function compareByPlace(field: string, old: Members[], value: Members[]): FieldChange[] {
  const shorter = Math.min(old.length, value.length);
  let start = 0;
  while (start < shorter && isDeepStrictEqual(old[start], value[start])) start += 1;
  let end = 0;
  while (end < shorter - start && isDeepStrictEqual(old.at(-1 - end), value.at(-1 - end))) end += 1;
  const [before, after] = [old.slice(start, old.length - end), value.slice(start, value.length - end)];
  return Array.from({ length: Math.max(before.length, after.length) }, (_, at) =>
    compareElements(`${field}[${start + at}]`, before[at], after[at]),
  ).flat();
}

function compareElements(field: string, old: Members | undefined, value: Members | undefined): FieldChange[] {
  return old && value ? compareMembers(`${field}.`, old, value) : [changed(field, old, value)];
}

function changed(field: string, old: unknown, value: unknown): FieldChange {
  return { field, old: old ?? null, new: value ?? null };
}

function areObjects(values: unknown[]): boolean {
  return (
    values.length > 0 &&
    values.every(
      (value) =>
        typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Set),
    )
  );
}

/** The elements by their ids, if each has one of its own. */
function keyed(elements: Members[]): Map<string, Members> | undefined {
  const byId = new Map(
    elements.flatMap((element): [string, Members][] =>
      typeof element.id === 'string' ? [[element.id, element]] : [],
    ),
  );
  return byId.size === elements.length ? byId : undefined;
}
