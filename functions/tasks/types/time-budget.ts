import { traceHeader } from '../../shared/trace-header.ts';
import { runWithin } from './time-limit.ts';

/** What one invocation spends on checks before it hurries: a batch has a hundred values, and ends at 29 s. */
const budgetMillis = 2_000;
/** What each further check gets: more than a value of the largest size takes with an ordinary schema. */
const hurriedMillis = 50;

let invocation: string | undefined;
let spent = 0;

/**
 * Runs a check within its own limit and within what is left to the invocation for all of its checks.
 * @param limitMillis how long it may take while there is time
 * @throws {TimeIsUp}
 */
export function runWithinBudget<T>(limitMillis: number, job: () => T): T {
  const left = Math.floor(timeLeft());
  const begun = performance.now();
  try {
    return runWithin(Math.min(limitMillis, Math.max(hurriedMillis, left)), job);
  } finally {
    spent += performance.now() - begun;
  }
}

/** Milliseconds that are left of the budget; a sandbox has one invocation at a time. */
export function timeLeft(): number {
  const current = traceHeader();
  if (current !== invocation) {
    invocation = current;
    spent = 0;
  }
  return Math.max(0, budgetMillis - spent);
}
