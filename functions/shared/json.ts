/**
 * JSON that goes through unchanged: a number that a double cannot hold (21 digits, 1e400, 0.1000000000000000055)
 * is kept as its source text and written back as it was.
 */

/** A number kept as text; `JSON.stringify` writes its source. Made by `JSON.rawJSON` (ES2026, Node ≥ 22). */
export interface RawNumber {
  rawJSON: string;
}

declare global {
  interface JSON {
    rawJSON(text: string): RawNumber;
    isRawJSON(value: unknown): value is RawNumber;
  }
}

/**
 * Where a number may stand that a double cannot hold as written: 16 digits or more, an exponent, a negative zero.
 * Up to 15 digits always survive (IEEE 754). Text that only looks like it takes the careful way for nothing.
 */
const doubtful = /\d{16}|[\d.]{17}|\d[eE][+-]?\d|(?:^|[\s[:,])-0/;

/** Parses JSON; numbers that would lose digits become raw numbers. @throws {SyntaxError} */
export function parseLossless(text: string): unknown {
  // A reviver makes parsing several times slower, and hardly any body needs it.
  return doubtful.test(text) ? parseCarefully(text) : JSON.parse(text);
}

function parseCarefully(text: string): unknown {
  // The third argument of a reviver (the source text) is not in TypeScript's library yet.
  const reviver = (_key: string, value: unknown, context?: { source: string }) =>
    typeof value === 'number' && context && !isExact(value, context.source)
      ? JSON.rawJSON(context.source)
      : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}

function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  return canonicalNumber(String(value)) === canonicalNumber(source);
}

/** Digits without leading and trailing zeros, and the power of ten: equal for equal decimal numbers. */
function canonicalNumber(source: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  if (!match) return source;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const trimmed = digits.replace(/0+$/, '');
  if (trimmed === '') return `${sign}0`;
  return `${sign}${trimmed}e${Number(exponent) - fraction.length + (digits.length - trimmed.length)}`;
}
