import * as z from 'zod/mini';

/** DynamoDB nests values 32 levels deep, the record itself included. */
const maxDepth = 20;

/**
 * A JSON object that DynamoDB holds as it is: member names are not empty, numbers fit a double.
 * @param maxBytes of its JSON text
 */
export const storableObject = (maxBytes: number) =>
  z.record(z.string(), z.unknown()).check(
    z.refine(
      (value) => isStorable(value, maxDepth),
      `must not have empty names, numbers of more than 15 digits or more than ${maxDepth} levels`,
    ),
    z.refine(
      (value) => Buffer.byteLength(JSON.stringify(value)) <= maxBytes,
      `must have at most ${maxBytes} bytes as JSON`,
    ),
  );

function isStorable(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0 || JSON.isRawJSON(value)) return false;
  return Object.entries(value).every(([name, member]) => name !== '' && isStorable(member, depth - 1));
}
