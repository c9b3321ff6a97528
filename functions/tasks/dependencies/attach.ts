import type { Actor } from '../../shared/actor.ts';
import { placeTask } from '../indexes/place-task.ts';
import { endMembers } from '../lifecycle/end-task.ts';
import type { TaskItem } from '../task.ts';
import type { TaskType } from '../types/task-type.ts';
import { typeAt } from '../types/type-registry.ts';
import { type FoundParent, markParents, readParents, requireParents } from './parents.ts';
import { type Parent, type Standing, standAmong } from './rules.ts';

/**
 * A new task as it stands among its parents: blocked, as it would be without them, or cancelled because one has
 * failed already. One BatchGetItem, and an UpdateItem for each parent that others have not depended on before.
 *
 * Parents go on while this happens, and none is locked. One that ends before the task is written is found by the
 * `changes` function when it follows the new task; one that ends later finds the edge, since it is marked by then.
 * @throws {Problem} `validation_failed`, `forbidden`
 */
export async function attachToParents(task: TaskItem, actor: Actor, at: Date): Promise<TaskItem> {
  if (!task.dependsOn) return task;
  const type = await typeAt(task.tenantId, task.type, task.typeVersion);
  const found = await readParents(task.tenantId, task.dependsOn);
  const parents = requireParents(task.dependsOn, found, actor);
  const named = { ...task, dependsOn: [...new Set(task.dependsOn)] };
  return waitFor(named, parents, standAmong(parents, task.onDependencyFailure ?? 'cancel'), type, at);
}

/**
 * A task that is retried by hand among its parents: those that are still at work hold it again, those that have
 * ended, however they did, hold it no longer.
 */
export async function reattachToParents(task: TaskItem, type: TaskType, at: Date): Promise<TaskItem> {
  if (!task.dependsOn) return task;
  const parents = [...(await readParents(task.tenantId, task.dependsOn)).values()];
  return waitFor(task, parents, standAmong(parents, 'run'), type, at);
}

async function waitFor(
  task: TaskItem,
  parents: FoundParent[],
  standing: Standing,
  type: TaskType,
  at: Date,
): Promise<TaskItem> {
  await markParents(
    task.tenantId,
    parents.filter(({ id }) => standing.awaits.includes(id)),
  );
  return standing.awaits.length > 0 || standing.failed ? withStanding(task, standing, type, at) : task;
}

/** The task blocked by those that hold it, or ended by the one that has failed it. */
export function withStanding(task: TaskItem, standing: Standing, type: TaskType, at: Date): TaskItem {
  if (standing.failed) {
    return { ...task, ...failedMembers(task.tenantId, standing.failed, at, type.retentionDays) };
  }
  if (standing.awaits.length === 0) return task;
  const blocked: TaskItem = { ...task, state: 'blocked', awaits: new Set(standing.awaits) };
  return { ...blocked, ...placeTask(blocked, type, at.getTime()) };
}

/** The members of a task that ends because one that it depends on has failed. */
export function failedMembers(tenantId: string, parent: Parent, at: Date, retentionDays: number) {
  const state = parent.state ?? 'removed';
  const message = `The task ${parent.id}, which this one depends on, is ${state}`;
  return {
    ...endMembers(tenantId, 'cancelled', at, retentionDays),
    awaits: undefined,
    reason: message,
    error: {
      code: 'dependency_failed',
      message,
      details: JSON.stringify({ taskId: parent.id, state }),
    },
  };
}
