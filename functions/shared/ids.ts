import { encodeTime, monotonicFactory } from 'ulid';

/** What an id says of its record; the rest of it is a ULID, so ids sort by the time they were made. */
export type IdPrefix =
  | 'con'
  | 'com'
  | 'deal'
  | 'act'
  | 'prd'
  | 'ord'
  | 'inv'
  | 'pay'
  | 'pipe'
  | 'task'
  | 'key'
  | 'hook'
  | 'evt'
  | 'mrg'
  | 'file'
  | 'att';

const nextUlid = monotonicFactory();

/** A new id such as `con_01JD…`; ids made one after another in one process sort in that order. */
export function newId(prefix: IdPrefix, at: number = Date.now()): string {
  return `${prefix}_${nextUlid(at)}`;
}

/** The smallest id with this prefix that can have been made at or after the instant (epoch milliseconds). */
export function firstIdAt(prefix: IdPrefix, epochMillis: number): string {
  const clamped = Math.min(Math.max(0, Math.floor(epochMillis)), 2 ** 48 - 1);
  return `${prefix}_${encodeTime(clamped, 10)}${'0'.repeat(16)}`;
}
