import type { FieldChange } from '../platform/history-item.ts';

/** An item ends at 400 KB (AWS) and a history entry holds both sides: all lines of a long order may change at once. */
const maxBytes = 300_000;
/** Characters that are left of a text, tried one after the other; a hundred lines fit at the last. */
const lengths = [1_000, 200, 50];
/** Bytes of a value that is left when cutting texts does not help: lists of numbers, say. */
const smallValue = 1_000;

/**
 * Changes as a history entry has room for them: where they are too much in all, long texts are cut and end in `…`.
 * What a record is now it tells itself, and a write that could not be told at all would never be counted.
 */
export function fittingChanges(changes: FieldChange[]): FieldChange[] {
  let fitting = changes;
  for (const length of lengths) {
    if (bytesOf(fitting) <= maxBytes) return fitting;
    fitting = cut(changes, length) as FieldChange[];
  }
  if (bytesOf(fitting) <= maxBytes) return fitting;
  const small = (value: unknown) => (bytesOf(value) > smallValue ? '…' : value);
  return fitting.map(({ field, old, new: value }) => ({ field, old: small(old), new: small(value) }));
}

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

function cut(value: unknown, length: number): unknown {
  if (typeof value === 'string') return value.length > length ? `${value.slice(0, length)}…` : value;
  if (Array.isArray(value)) return value.map((member) => cut(member, length));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cut(member, length)]));
}
