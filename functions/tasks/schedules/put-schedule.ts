import { auditWrite } from '../../platform/audit/audit-write.ts';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { type PutConditions, requireConditions } from '../../shared/etag.ts';
import { validationFailed } from '../../shared/problem.ts';
import { carryOut, type PlannedWrite } from '../../shared/write-plan.ts';
import { jsonText, maxInputBytes } from '../enqueue/enqueue-input.ts';
import { untilUndisturbed } from '../lifecycle/replace-task.ts';
import { requireValidInput } from '../types/enforce.ts';
import { requireType } from '../types/type-registry.ts';
import { requireTypeScope } from '../types/type-scope.ts';
import { readTimes, type ScheduleInput } from './schedule-input.ts';
import { nextTickMembers, type ScheduleItem, scheduleKey, unchanged } from './schedule-item.ts';
import { tickAfter } from './ticks.ts';

/**
 * Makes a schedule or changes all of it. Its times begin anew when they are changed or it is enabled again, and
 * are left alone otherwise; the first tick is always later than now.
 * @throws {Problem} `validation_failed`, `payload_too_large`, `forbidden`, `precondition_failed`
 */
export async function putSchedule(
  name: string,
  input: ScheduleInput,
  actor: Actor,
  conditions: PutConditions = {},
): Promise<{ created: boolean; schedule: ScheduleItem }> {
  const { tenantId } = actor.caller;
  requireTypeScope(actor.caller, input.type);
  const type = await requireType(tenantId, input.type, '/type');
  if (type.executor === 'builtin') {
    // They act with rights of their own, which their own routes ask for.
    const message = `${type.name} tasks are made by their own route and cannot be scheduled`;
    throw validationFailed([{ pointer: '/type', code: 'not_allowed', message }]);
  }
  const text = jsonText(input.input, 'input', maxInputBytes);
  requireValidInput(type, input.input, text);
  return untilUndisturbed(async () => {
    const key = scheduleKey(tenantId, name);
    const before = (await getItem('tasks', key)) as ScheduleItem | undefined;
    if (before) requireTypeScope(actor.caller, before.type);
    requireConditions(conditions, before?.version);
    const schedule = planSchedule(name, input, text, before, actor);
    await carryOut([
      putOver(schedule, before),
      auditWrite(actor, {
        action: before ? 'updated' : 'created',
        entity: 'schedule',
        id: name,
        details: { type: schedule.type, enabled: schedule.enabled },
      }),
    ]);
    return { created: !before, schedule };
  });
}

function planSchedule(
  name: string,
  input: ScheduleInput,
  text: string | undefined,
  before: ScheduleItem | undefined,
  { caller }: Actor,
): ScheduleItem {
  const at = now();
  const times = readTimes(input, at.getTime());
  const { timezone, enabled } = input;
  const goesOn =
    before?.enabled === true &&
    enabled &&
    before.cron === times.cron &&
    before.everySeconds === times.everySeconds &&
    before.timezone === timezone;
  const sameEvery = before !== undefined && before.everySeconds === times.everySeconds;
  const anchorAt = sameEvery ? before.anchorAt : at.toISOString();
  const next = enabled ? tickAfter({ ...times, timezone, anchorAt }, at.getTime()) : undefined;
  return {
    ...scheduleKey(caller.tenantId, name),
    entity: 'schedule',
    tenantId: caller.tenantId,
    name,
    type: input.type,
    input: text,
    ...times,
    timezone,
    anchorAt,
    overlap: input.overlap,
    enabled,
    title: input.title ?? undefined,
    priority: input.priority,
    maxAttempts: input.maxAttempts ?? undefined,
    // A tick that is due and not made yet is made with the new definition.
    ...(goesOn
      ? { nextAt: before.nextAt, timerPk: before.timerPk, timerSk: before.timerSk }
      : nextTickMembers(caller.tenantId, name, next)),
    lastRunAt: before?.lastRunAt,
    lastTaskId: before?.lastTaskId,
    madeCount: before?.madeCount ?? 0,
    skippedCount: before?.skippedCount ?? 0,
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? at.toISOString(),
    createdBy: before?.createdBy ?? caller.subject,
    updatedAt: at.toISOString(),
    updatedBy: caller.subject,
  };
}

/** Over the very item that was read: neither another change nor a tick is lost. */
function putOver(schedule: ScheduleItem, before: ScheduleItem | undefined): PlannedWrite {
  const condition = before ? unchanged(before) : { text: 'attribute_not_exists(pk)', names: {}, values: {} };
  return { write: { kind: 'put', table: 'tasks', item: schedule, condition } };
}
