import { createHmac, timingSafeEqual } from 'node:crypto';
import { env } from './environment.ts';
import { Problem } from './problem.ts';

/** Where a page ends: the values of the index's sort key and of the record's id, never a partition key. */
export type CursorPosition = string[];

/**
 * An opaque cursor, bound to everything that the next page must share with this one.
 * @param scope tenant, list, filter and sort as one string
 */
export function encodeCursor(position: CursorPosition, scope: string): string {
  const payload = Buffer.from(JSON.stringify(position)).toString('base64url');
  return `${payload}.${seal(payload, scope)}`;
}

/** @throws {Problem} `invalid_cursor` when it was changed or made for another tenant, list, filter or sort */
export function decodeCursor(cursor: string, scope: string): CursorPosition {
  const [payload = '', mac = '', ...rest] = cursor.split('.');
  const expected = Buffer.from(seal(payload, scope));
  const given = Buffer.from(mac);
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new Problem(
      'invalid_cursor',
      'The cursor was altered, or it was made for another list, filter or sort; start again without it',
      { errors: [{ parameter: 'cursor', code: 'invalid_cursor', message: 'does not fit this request' }] },
    );
  }
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as CursorPosition;
}

function seal(payload: string, scope: string): string {
  return createHmac('sha256', env('CURSOR_KEY'))
    .update(`${scope}\n${payload}`)
    .digest('base64url')
    .slice(0, 22);
}
