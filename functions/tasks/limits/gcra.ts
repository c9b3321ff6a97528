import type { RateLimit } from '../types/definition.ts';

/**
 * The generic cell rate algorithm: a token bucket whose whole state is one time. After a rest `count` starts may
 * come at once; over any longer time there are `count` for each period.
 */

/** Milliseconds that one start is worth. */
function interval({ count, perSeconds }: RateLimit): number {
  return (perSeconds * 1_000) / count;
}

/** How many may start now. @param arrival epoch milliseconds; absent before the first start */
export function startsLeft(limit: RateLimit, arrival: number | undefined, nowMillis: number): number {
  const ahead = Math.max(0, (arrival ?? 0) - nowMillis);
  // A hair more, since the intervals are fractions that do not add up to the last digit.
  return Math.max(0, Math.floor(limit.count - ahead / interval(limit) + 1e-6));
}

/** The arrival time once `starts` have begun. */
export function arrivalAfter(
  limit: RateLimit,
  arrival: number | undefined,
  starts: number,
  nowMillis: number,
): number {
  return Math.max(arrival ?? 0, nowMillis) + starts * interval(limit);
}

/** What starts that were not made take off the arrival time, in milliseconds. */
export function unmade(limit: RateLimit, starts: number): number {
  return starts * interval(limit);
}

/** When the next one may start, epoch milliseconds. */
export function nextStart(limit: RateLimit, arrival: number | undefined, nowMillis: number): number {
  return Math.max(nowMillis, Math.ceil((arrival ?? 0) - (limit.count - 1) * interval(limit)));
}
