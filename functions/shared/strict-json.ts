import { parseLossless } from './json.ts';

/** Levels of JSON; far below what would exhaust the stack, far above what people and programs send. */
const maxDepth = 1_000;

/**
 * Parses JSON from outside, which must be such that it can be kept and sent on.
 * @throws {SyntaxError} when it is no JSON, nested too deeply, or nothing that UTF-8 can hold
 */
export function parseStrictly(text: string): unknown {
  if (isTooDeep(text)) throw new SyntaxError(`The JSON is nested deeper than ${maxDepth} levels`);
  const value = parseLossless(text);
  if (hasLoneSurrogate(text, value)) {
    throw new SyntaxError('A string has half of a surrogate pair, which UTF-8 cannot hold');
  }
  return value;
}

/** @throws {TypeError} for bytes that are not UTF-8 */
export function decodeStrictly(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** Counts brackets, also those in strings: whoever sends a thousand of them in a row is refused for nothing good. */
function isTooDeep(text: string): boolean {
  if (text.length <= maxDepth) return false;
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[{\]}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > maxDepth) return true;
  }
  return false;
}

const surrogateEscape = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;

/** A lone surrogate can only come from an escape, and `JSON.stringify` escapes nothing else that way. */
function hasLoneSurrogate(text: string, value: unknown): boolean {
  return surrogateEscape.test(text) && surrogateEscape.test(JSON.stringify(value));
}
