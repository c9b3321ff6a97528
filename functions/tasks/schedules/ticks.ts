import { Cron } from 'croner';

/** When a schedule makes its tasks. */
export interface Times {
  /** Five fields or a nickname such as `@daily`, read in the time zone. */
  cron?: string;
  /** Seconds from one tick to the next, counted from the anchor. */
  everySeconds?: number;
  timezone: string;
  /** ISO 8601: the schedule counts its seconds from here. */
  anchorAt: string;
}

/**
 * The first tick after a time, or undefined when none ever comes; epoch milliseconds.
 *
 * A time of day that the clocks skip is made up for as soon as they go on; one that they pass twice counts the
 * first time only. Fields with `*` or a step go on through both changes in real time, hour by hour.
 */
export function tickAfter(
  { cron, everySeconds, timezone, anchorAt }: Times,
  afterMillis: number,
): number | undefined {
  if (cron !== undefined) return parseCron(cron, timezone).nextRun(new Date(afterMillis))?.getTime();
  const every = (everySeconds as number) * 1_000;
  const anchor = Date.parse(anchorAt);
  const passed = Math.max(0, Math.floor((afterMillis - anchor) / every));
  return anchor + (passed + 1) * every;
}

/** The first ticks after a time. */
export function ticksAfter(times: Times, afterMillis: number, count: number): number[] {
  const ticks: number[] = [];
  let last = afterMillis;
  while (ticks.length < count) {
    const tick = tickAfter(times, last);
    if (tick === undefined) break;
    ticks.push(tick);
    last = tick;
  }
  return ticks;
}

/** Reading an expression takes longer than finding the next tick; a clock run does both for many schedules. */
const parsed = new Map<string, Cron>();
const maxParsed = 1_000;

/** @throws {Error} for an expression that cannot be read */
function parseCron(expression: string, timezone: string): Cron {
  const key = `${timezone} ${expression}`;
  const known = parsed.get(key);
  if (known) return known;
  const cron = new Cron(expression, {
    timezone,
    mode: '5-part',
    // Times of day in a list or range are times of day too, also when the clocks change.
    fixedTimeRule: 'no-wildcard',
    paused: true,
  });
  if (parsed.size >= maxParsed) parsed.clear();
  parsed.set(key, cron);
  return cron;
}

/** What is wrong with an expression, in words for its author; undefined when nothing is. */
export function faultOfCron(expression: string, timezone: string, nowMillis: number): string | undefined {
  if (expression.trim().split(/\s+/).length > 5) {
    return 'must have five fields: minute, hour, day of month, month, day of week; there are no seconds';
  }
  try {
    if (parseCron(expression, timezone).nextRun(new Date(nowMillis))) return undefined;
    return 'names a time that never comes';
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'it cannot be read';
    return `is no cron expression such as "0 9 * * MON-FRI": ${reason}`;
  }
}

export function isTimezone(name: string): boolean {
  try {
    // Offsets such as +01:00 are no names: they know no summer time.
    return !/^[+-]/.test(name) && Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** Seconds of whole weeks, days, hours, minutes and seconds (`P1DT12H`, `PT15M`); undefined for anything else. */
export function secondsOf(duration: string): number | undefined {
  const match = /^P(?=\d|T\d)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(
    duration,
  );
  if (!match) return undefined;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds;
}
