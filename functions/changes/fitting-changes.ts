import type { FieldChange } from '../platform/history-item.ts';

/** An item ends at 400 KB (AWS) and a history entry holds both sides: all lines of a long order may change at once. */
const maxBytes = 300_000;
/** Characters that are left of a text, tried one after the other; a hundred lines fit at the last. */
const lengths = [1_000, 200, 50];

/**
 * Changes as a history entry has room for them: where they are too much in all, long texts are cut and end in `…`.
 * What a record is now it tells itself, and a write that could not be told at all would never be counted.
 */
export function fittingChanges(changes: FieldChange[]): FieldChange[] {
  let fitting = changes;
  for (const length of lengths) {
    if (Buffer.byteLength(JSON.stringify(fitting)) <= maxBytes) break;
    fitting = cut(changes, length) as FieldChange[];
  }
  return fitting;
}

function cut(value: unknown, length: number): unknown {
  if (typeof value === 'string') return value.length > length ? `${value.slice(0, length)}…` : value;
  if (Array.isArray(value)) return value.map((member) => cut(member, length));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cut(member, length)]));
}
