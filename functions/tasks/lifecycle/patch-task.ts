import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { aboutChecks } from '../enqueue/about-checks.ts';
import { getTask } from '../find-tasks.ts';
import { readSortKey } from '../indexes/index-keys.ts';
import { listKeys, placeTask } from '../indexes/place-task.ts';
import { readyAt } from '../indexes/rank.ts';
import { announceTasks } from '../push/runner-queue.ts';
import type { TaskItem } from '../task.ts';
import type { TaskType } from '../types/task-type.ts';
import { typeAt } from '../types/type-registry.ts';
import type { TaskPatch } from './patch-input.ts';
import { changedMembers, checkPatch, isReplanned } from './patch-rules.ts';
import { changed, replaceTask, untilUndisturbed } from './replace-task.ts';
import type { TaskState } from './state-machine.ts';

/**
 * Changes what a task says of itself and, until somebody works on it, when and in which order it is done. A patch
 * that changes nothing writes nothing.
 * @throws {Problem} `not_found`, `precondition_failed`, `validation_failed`, `invalid_transition` for members that
 * the state of the task leaves no room for
 */
export function patchTask(
  id: string,
  patch: TaskPatch,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<TaskItem> {
  return untilUndisturbed(async () => {
    const task = await getTask(id, actor);
    requireVersion(ifMatch, task.version);
    const at = now();
    const members = changedMembers(task, patch, at.getTime());
    checkPatch(task, members, patch, at.getTime());
    if (Object.keys(members).length === 0) return task;
    const described = changed(task, members, actor, at);
    const listed: TaskItem = { ...described, ...noLists, ...listKeys(described) };
    const after = isReplanned(members) ? await replanned(task, listed, at.getTime()) : listed;
    // The message that the runner has may come too late, or wait in the queue of another priority.
    if (isReplanned(members)) await announceTasks([after]);
    await carryOut([replaceTask(after), ...(members.about ? aboutChecks([after]) : [])]);
    return after;
  });
}

/** A task leaves the lists of whom and what it was for. */
const noLists = { assigneePk: undefined, aboutPk: undefined };

/** The task where it belongs by its new times and priority: it keeps the time since which it has waited. */
async function replanned(before: TaskItem, after: TaskItem, nowMillis: number): Promise<TaskItem> {
  const type = await typeAt(after.tenantId, after.type, after.typeVersion);
  const task: TaskItem = {
    ...after,
    state: stateBy(after, nowMillis),
    ...(after.executor === 'http' && { announced: after.version }),
  };
  return { ...task, ...placeTask(task, type, readySince(before, type, nowMillis)) };
}

/** A blocked task keeps its start for later; the others follow it. */
function stateBy({ state, runAt }: TaskItem, nowMillis: number): TaskState {
  if (state === 'blocked') return state;
  return runAt !== undefined && Date.parse(runAt) > nowMillis ? 'scheduled' : 'ready';
}

/** Since when a task waits to be claimed; one that begins to wait does so now. */
function readySince(
  { state, runAt, readySk, priority }: TaskItem,
  type: TaskType,
  nowMillis: number,
): number {
  if (state === 'scheduled' && runAt) return Math.min(Date.parse(runAt), nowMillis);
  if (state !== 'ready' || typeof readySk !== 'string') return nowMillis;
  return readyAt(readSortKey(readySk).at, priority, type.priorityWeightSeconds);
}
