import * as z from 'zod/mini';
import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { maxInputBytes } from '../enqueue/enqueue-input.ts';
import { described, line, typeName, wholeNumber } from '../fields.ts';
import { faultOfCron, isTimezone, secondsOf } from './ticks.ts';

/** The clock looks once a minute, and a year is long enough. */
const minEverySeconds = 60;
const maxEverySeconds = 366 * 86_400;

/** What a caller says of a schedule. */
export const scheduleInput = z.strictObject({
  type: described(typeName, 'The type of the tasks that it makes.'),
  input: described(z.optional(z.unknown()), `Any JSON, up to ${maxInputBytes} bytes, for each of its tasks.`),
  cron: described(
    z.nullish(line(200)),
    'Five fields (minute, hour, day of month, month, day of week) or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, in the time zone. Either this or `every`.',
  ),
  every: described(
    z.nullish(z.union([wholeNumber(minEverySeconds, maxEverySeconds), line(50)])),
    'Seconds, at least 60, or an ISO 8601 duration such as PT15M; counted from when the schedule was made.',
  ),
  timezone: described(
    z._default(
      line(64).check(z.refine(isTimezone, 'must be a name of the IANA time zones, such as Europe/Berlin')),
      'UTC',
    ),
    'IANA name.',
  ),
  overlap: described(
    z._default(z.enum(['skip', 'queue']), 'skip'),
    '`skip`: no task is made while the last one is not over; `queue`: one is made at every time.',
  ),
  enabled: described(z._default(z.boolean(), true), '`false`: makes no tasks until it is enabled again.'),
  title: z.nullish(line(200)),
  priority: z._default(wholeNumber(-100, 100), 0),
  maxAttempts: described(z.nullish(wholeNumber(1, 100)), "The type's own when left out."),
});

export type ScheduleInput = z.infer<typeof scheduleInput>;

/** `cron` or `every` of a body, as they are stored. */
export interface ScheduleTimes {
  cron?: string;
  every?: number | string;
  everySeconds?: number;
}

/** @throws {Problem} `validation_failed` unless exactly one of `cron` and `every` is there and can be followed */
export function readTimes({ cron, every, timezone }: ScheduleInput, nowMillis: number): ScheduleTimes {
  const refuse = (pointer: string, message: string, code = 'invalid_value') =>
    validationFailed([{ pointer, code, message } satisfies ProblemDetail]);
  if (cron != null && every != null) throw refuse('/every', 'cannot be given together with cron');
  if (cron != null) {
    const fault = faultOfCron(cron, timezone, nowMillis);
    if (fault !== undefined) throw refuse('/cron', fault, 'invalid_format');
    return { cron };
  }
  if (every == null) throw refuse('/cron', 'is required, or every instead of it', 'required');
  const everySeconds = typeof every === 'number' ? every : secondsOf(every);
  if (everySeconds === undefined) {
    throw refuse(
      '/every',
      'must be a number of seconds, or an ISO 8601 duration of weeks, days, hours, minutes and seconds such as PT15M; for months and years use cron',
      'invalid_format',
    );
  }
  if (everySeconds < minEverySeconds || everySeconds > maxEverySeconds) {
    throw refuse('/every', `must be from ${minEverySeconds} seconds to ${maxEverySeconds / 86_400} days`);
  }
  return { every, everySeconds };
}

const nullableText = z.nullable(z.string());

/** A schedule as it is listed. */
export const scheduleRow = z.strictObject({
  name: z.string(),
  type: z.string(),
  cron: nullableText,
  every: z.nullable(z.union([z.int(), z.string()])),
  timezone: z.string(),
  overlap: z.enum(['skip', 'queue']),
  enabled: z.boolean(),
  title: nullableText,
  priority: z.int(),
  maxAttempts: z.nullable(z.int()),
  nextRunAt: described(
    nullableText,
    'When it makes its next task; a time in the past is about to be made up for.',
  ),
  nextRuns: described(z.array(z.string()), 'The next five times.'),
  lastRunAt: described(nullableText, 'The time that its last task was made for.'),
  lastTaskId: nullableText,
  madeCount: described(z.int(), 'Tasks made.'),
  skippedCount: described(z.int(), 'Times at which the last task was not over.'),
  lastError: described(
    z.nullable(z.strictObject({ at: z.string(), code: z.string(), message: z.string() })),
    'Why no task could be made at the last time; `null` once one was made.',
  ),
  version: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
  createdBy: z.string(),
  updatedBy: z.string(),
});
export type ScheduleRow = z.infer<typeof scheduleRow>;

export const scheduleOutput = z.extend(scheduleRow, { input: z.unknown() });
