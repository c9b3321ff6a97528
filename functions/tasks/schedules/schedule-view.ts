import { withJsonMembers } from '../task-view.ts';
import type { ScheduleRow } from './schedule-input.ts';
import type { ScheduleItem } from './schedule-item.ts';
import { ticksAfter } from './ticks.ts';

/** A schedule as it is listed, without its input. */
export function toScheduleRow(item: ScheduleItem): ScheduleRow {
  const next = item.nextAt === undefined ? undefined : Date.parse(item.nextAt);
  const runs = next === undefined ? [] : [next, ...ticksAfter(item, next, 4)];
  return {
    name: item.name,
    type: item.type,
    cron: item.cron ?? null,
    every: item.every ?? null,
    timezone: item.timezone,
    overlap: item.overlap,
    enabled: item.enabled,
    title: item.title ?? null,
    priority: item.priority,
    maxAttempts: item.maxAttempts ?? null,
    nextRunAt: item.nextAt ?? null,
    nextRuns: runs.map((millis) => new Date(millis).toISOString()),
    lastRunAt: item.lastRunAt ?? null,
    lastTaskId: item.lastTaskId ?? null,
    madeCount: item.madeCount,
    skippedCount: item.skippedCount,
    lastError: item.lastError ?? null,
    version: item.version,
    createdAt: item.createdAt,
    updatedAt: item.updatedAt,
    createdBy: item.createdBy,
    updatedBy: item.updatedBy,
  };
}

/** A schedule as JSON text, its input letter by letter. */
export function scheduleJson(item: ScheduleItem): string {
  return withJsonMembers(toScheduleRow(item), { input: item.input });
}
