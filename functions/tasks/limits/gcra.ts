import type { RateLimit } from '../types/definition.ts';

/**
 * The generic cell rate algorithm: a token bucket whose whole state is one time. After a rest `count` starts may
 * come at once; over any longer time there are `count` for each period. The time is in whole microseconds since the
 * epoch: fractions would not come back from the table as they went in, once it has calculated with them.
 */

/** What some starts are worth, in whole microseconds; at the highest rates up to one per cent less than exactly. */
export function worth({ count, perSeconds }: RateLimit, starts: number): number {
  return Math.floor((starts * perSeconds * 1_000_000) / count);
}

/** How many may start now. @param arrival absent before the first start */
export function startsLeft(limit: RateLimit, arrival: number | undefined, nowMillis: number): number {
  const ahead = Math.max(0, (arrival ?? 0) - nowMillis * 1_000);
  const taken = (ahead * limit.count) / (limit.perSeconds * 1_000_000);
  // A hair more, since the division does not come out even.
  return Math.max(0, Math.floor(limit.count - taken + 1e-6));
}

/** The arrival time once `starts` have begun. */
export function arrivalAfter(
  limit: RateLimit,
  arrival: number | undefined,
  starts: number,
  nowMillis: number,
): number {
  return Math.max(arrival ?? 0, nowMillis * 1_000) + worth(limit, starts);
}

/** When the next one may start, epoch milliseconds. */
export function nextStart(limit: RateLimit, arrival: number | undefined, nowMillis: number): number {
  return Math.max(nowMillis, Math.ceil(((arrival ?? 0) - worth(limit, limit.count - 1)) / 1_000));
}
