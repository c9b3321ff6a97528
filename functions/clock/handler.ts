import type { Context, ScheduledEvent } from 'aws-lambda';
import { log } from '../shared/logger.ts';
import { runTimers, taskTimers } from '../tasks/lifecycle/timers.ts';
import { handleScheduleTimer } from '../tasks/schedules/make-ticks.ts';

const timers = { ...taskTimers, schedule: handleScheduleTimer };

/** How long before the function's own end it begins nothing new, in milliseconds. */
const margin = 5_000;

/** Every minute: ends the tasks whose time is over, makes scheduled to-dos ready and the tasks of schedules. */
export async function handler(_event: ScheduledEvent, context: Context): Promise<void> {
  const until = Date.now() + context.getRemainingTimeInMillis() - margin;
  const run = await runTimers(context.awsRequestId, until, timers);
  if (run.handled > 0) log().info('timers handled', { ...run });
  // After all others have been handled: a failure that nobody hears of would come back every minute.
  if (run.failed > 0) throw new Error(`${run.failed} timers failed`);
}
