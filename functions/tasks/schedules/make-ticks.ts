import { type Actor, systemActor } from '../../shared/actor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { parseLossless } from '../../shared/json.ts';
import { Problem } from '../../shared/problem.ts';
import { carryOut, type PlannedWrite } from '../../shared/write-plan.ts';
import { putNewTask } from '../enqueue/enqueue.ts';
import { newTask } from '../enqueue/new-task.ts';
import { overdueEnd } from '../lifecycle/overdue.ts';
import { hasEnded } from '../lifecycle/state-machine.ts';
import { announceTasks } from '../push/runner-queue.ts';
import { type TaskItem, taskKey } from '../task.ts';
import { requireType } from '../types/type-registry.ts';
import { nextTickMembers, type ScheduleItem, unchanged } from './schedule-item.ts';
import { tickAfter } from './ticks.ts';

/** Tasks that a run of the clock makes for one schedule; after a long time down the next runs go on. */
export const maxTicksPerRun = 100;
/** Ticks that a run skips at once, while the last task is not over. */
const maxSkipsPerRun = 1_000;

/**
 * Makes the tasks of the ticks that are due. Each tick is one transaction of the task and the schedule's next
 * tick, under the condition that the schedule still stands at this tick: of any number of clocks one makes it.
 */
export async function handleScheduleTimer(item: Item, requestId: string, at: Date): Promise<void> {
  let schedule: ScheduleItem | undefined = item as ScheduleItem;
  const actor = systemActor(schedule.tenantId, requestId);
  for (let made = 0; made < maxTicksPerRun && schedule; made += 1) {
    if (!schedule.enabled || schedule.nextAt === undefined) return;
    if (Date.parse(schedule.nextAt) > at.getTime()) return;
    schedule = await makeTick(schedule, schedule.nextAt, actor, at);
  }
}

/** @returns the schedule as it stands after the tick; undefined when it was changed or somebody else made the tick */
async function makeTick(
  schedule: ScheduleItem,
  tick: string,
  actor: Actor,
  at: Date,
): Promise<ScheduleItem | undefined> {
  if (schedule.overlap === 'skip' && (await isLiving(schedule)))
    return move(schedule, skipped(schedule, at), []);
  const next = tickAfter(schedule, Date.parse(tick));
  const moved = nextTickMembers(schedule.tenantId, schedule.name, next);
  let task: TaskItem;
  try {
    task = await planTick(schedule, tick, actor, at);
  } catch (error) {
    // What its owner can mend is told to the owner; anything else is tried again by the next run.
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    const { code, detail } = error;
    return move(schedule, { ...moved, lastError: { at: tick, code, message: detail } }, []);
  }
  await announceTasks([task]);
  const made = {
    ...moved,
    lastRunAt: tick,
    lastTaskId: task.id,
    madeCount: schedule.madeCount + 1,
    lastError: undefined,
  };
  return move(schedule, made, [putNewTask(task)]);
}

async function isLiving({ tenantId, lastTaskId }: ScheduleItem): Promise<boolean> {
  if (lastTaskId === undefined) return false;
  const last = (await getItem('tasks', taskKey(tenantId, lastTaskId))) as TaskItem | undefined;
  return last !== undefined && !hasEnded(last.state) && overdueEnd(last, Date.now()) === undefined;
}

/** All ticks that are due are skipped together: the last task is not over at any of them. */
function skipped(schedule: ScheduleItem, at: Date): Partial<ScheduleItem> {
  let next: number | undefined = Date.parse(schedule.nextAt as string);
  let count = 0;
  while (next !== undefined && next <= at.getTime() && count < maxSkipsPerRun) {
    count += 1;
    next = tickAfter(schedule, next);
  }
  return {
    ...nextTickMembers(schedule.tenantId, schedule.name, next),
    skippedCount: schedule.skippedCount + count,
  };
}

/** @throws {Problem} when the type or its schema does not allow the task any more */
async function planTick(schedule: ScheduleItem, tick: string, actor: Actor, at: Date): Promise<TaskItem> {
  const type = await requireType(schedule.tenantId, schedule.type, '/type');
  const input = {
    type: schedule.type,
    input: schedule.input === undefined ? undefined : parseLossless(schedule.input),
    title: schedule.title,
    priority: schedule.priority,
    maxAttempts: schedule.maxAttempts,
  };
  return { ...newTask(input, type, actor, at), schedule: { name: schedule.name, at: tick } };
}

/** Moves a schedule on, together with what is made by that; undefined when it is not what it was any more. */
async function move(
  schedule: ScheduleItem,
  members: Partial<ScheduleItem>,
  writes: PlannedWrite[],
): Promise<ScheduleItem | undefined> {
  const after = { ...schedule, ...members } as ScheduleItem;
  try {
    await carryOut([
      { write: { kind: 'put', table: 'tasks', item: after, condition: unchanged(schedule) } },
      ...writes,
    ]);
    return after;
  } catch (error) {
    if (error instanceof Problem && error.code === 'conflict') return undefined;
    throw error;
  }
}
