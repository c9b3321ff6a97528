const seconds = 1_000;
const minutes = 60 * seconds;
const hours = 60 * minutes;

/** Waits before the second attempt, the third, and so on: three days in all (Standard Webhooks). */
const schedule = [
  5 * seconds,
  5 * minutes,
  30 * minutes,
  2 * hours,
  5 * hours,
  10 * hours,
  14 * hours,
  20 * hours,
  24 * hours,
];
const longestRetryAfter = 24 * hours;
/** Receivers that went down together must not be called back together. */
const jitter = 0.1;

/** After this long without a delivery that came through, a webhook is switched off. */
export const givenUpAfterMillis = 3 * 24 * hours;

/**
 * Milliseconds until the next attempt, or undefined when it was the last.
 * @param attempt the one that failed, from 1
 * @param retryAfterMillis what the receiver asked for; honoured when it is longer, up to a day
 */
export function nextDelay(attempt: number, retryAfterMillis = 0, random = Math.random): number | undefined {
  const wait = schedule[attempt - 1];
  if (wait === undefined) return undefined;
  const spread = wait * (1 + jitter * (2 * random() - 1));
  return Math.round(Math.max(spread, Math.min(retryAfterMillis, longestRetryAfter)));
}
