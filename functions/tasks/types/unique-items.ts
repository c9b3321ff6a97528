import type { ProblemDetail } from '../../shared/problem.ts';
import { toPointer } from '../../shared/validation.ts';
import { canonicalJson } from './canonical-json.ts';
import type { UniquePath } from './prepare-schema.ts';

/**
 * Arrays that hold something twice, in one pass over each: the validator compares every item with every other,
 * which takes seconds for thousands of them. Numbers are compared digit by digit.
 */
export function findRepeated(value: unknown, paths: UniquePath[], at: string): ProblemDetail[] {
  return paths.flatMap((path) => look(value, path, at));
}

function look(value: unknown, [step, ...rest]: UniquePath, at: string): ProblemDetail[] {
  if (step === undefined) return Array.isArray(value) ? repeated(value, at) : [];
  if (typeof step === 'object') {
    if (!Array.isArray(value)) return [];
    return value.slice(step.each).flatMap((item, index) => look(item, rest, `${at}/${step.each + index}`));
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return [];
  if (Array.isArray(value)) return [];
  return look((value as Record<string, unknown>)[step], rest, at + toPointer([step]));
}

function repeated(items: unknown[], at: string): ProblemDetail[] {
  const seen = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const text = canonicalJson(item);
    const first = seen.get(text);
    if (first !== undefined) {
      return [{ pointer: `${at}/${index}`, code: 'duplicate', message: `is the same as item ${first}` }];
    }
    seen.set(text, index);
  }
  return [];
}
