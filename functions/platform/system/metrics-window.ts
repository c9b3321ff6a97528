import { validationFailed } from '../../shared/problem.ts';
import type { TimeRange } from './cloudwatch.ts';

export interface MetricsWindow {
  /** Begins and ends on whole periods, the last of which is still running. */
  range: TimeRange;
  /** Seconds of one point. */
  period: number;
}

const unitSeconds = { m: 60, h: 3_600, d: 86_400 } as const;
const shortest = 5 * 60;
/** CloudWatch keeps minutes for 15 days; a day is what somebody on call looks at. */
const longest = 86_400;
const maxPoints = 500;
/** Periods that divide the hour or the day, so that points of any two answers line up. */
const usualPeriods = [60, 300, 900, 3_600];
const usualPoints = 24;

/**
 * The window that ends with the current period.
 * @throws {Problem} `validation_failed` naming the parameter
 */
export function parseWindow(query: { window?: string; period?: string }, at: Date): MetricsWindow {
  const length = parseLength(query.window ?? '1h');
  const period =
    query.period === undefined
      ? (usualPeriods.find((seconds) => length / seconds <= usualPoints) ?? longest)
      : parsePeriod(query.period, length);
  const to = Math.ceil(at.getTime() / 1_000 / period) * period;
  const from = Math.floor((to - length) / period) * period;
  return { range: { from, to }, period };
}

function parseLength(text: string): number {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const length = Number(count) * unitSeconds[unit as keyof typeof unitSeconds];
  if (length >= shortest && length <= longest) return length;
  throw invalid('window', 'must be from 5m to 1d, such as 15m, 3h or 1d');
}

function parsePeriod(text: string, length: number): number {
  const period = /^\d{2,5}$/.test(text) ? Number(text) : 0;
  if (period === 0 || period % 60 !== 0 || period > length) {
    throw invalid('period', 'must be a multiple of 60 seconds that fits into the window');
  }
  if (length / period > maxPoints) throw invalid('period', `gives more than ${maxPoints} points`);
  return period;
}

function invalid(parameter: string, message: string) {
  return validationFailed([{ parameter, code: 'invalid_value', message }]);
}
