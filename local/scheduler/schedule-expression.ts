const unitMilliseconds: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Milliseconds between two runs of a `rate(…)` expression.
 * @throws {Error} for an expression that is not valid, or that has no local counterpart (cron, at)
 */
export function readRate(expression: string): number {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  const [, count, unit] = rate ?? [];
  const milliseconds = Number(count) * (unitMilliseconds[unit ?? ''] ?? Number.NaN);
  if (milliseconds > 0) return milliseconds;
  if (/^(cron|at)\(.*\)$/.test(expression)) {
    throw new Error(`ScheduleExpression ${expression}: the local scheduler runs rate(…) only`);
  }
  throw new Error(`ScheduleExpression "${expression}" is not valid; an example: rate(5 minutes)`);
}

/** The next instant after `now` (epoch milliseconds) at which a schedule of this period runs: on full minutes. */
export function nextRun(now: number, period: number): number {
  return (Math.floor(now / period) + 1) * period;
}
