/** How failed attempts are repeated. */
export interface RetryPolicy {
  maxAttempts: number;
  /** Wait before the second attempt. */
  initialSeconds: number;
  /** Each further wait is this much longer. */
  factor: number;
  maxSeconds: number;
  /** Spread waits between half and all of their length, so that what failed together does not return together. */
  jitter: boolean;
}

/**
 * How long a task waits for its next attempt, in milliseconds.
 * @param attempt the attempt that has failed, from 1
 * @param random 0 ≤ random < 1
 */
export function backoffMillis(policy: RetryPolicy, attempt: number, random: number = Math.random()): number {
  const grown = policy.initialSeconds * policy.factor ** (attempt - 1);
  const seconds = Math.min(policy.maxSeconds, grown);
  return Math.round(seconds * 1_000 * (policy.jitter ? 0.5 + random / 2 : 1));
}
