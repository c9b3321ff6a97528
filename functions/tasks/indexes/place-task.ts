import { hasEnded } from '../lifecycle/state-machine.ts';
import { factsOf, type TaskItem } from '../task.ts';
import type { TaskType } from '../types/task-type.ts';
import {
  aboutPartition,
  assigneePartition,
  createdPartition,
  deadKeys,
  dueKeys,
  outOfIndexes,
  readyKeys,
  statePartition,
  timerKeys,
  typePartition,
} from './index-keys.ts';

/** Attributes that put a task into the indexes; `undefined` takes it out of one. */
export type Placement = Record<
  'readyPk' | 'readySk' | 'duePk' | 'dueSk' | 'timerPk' | 'timerSk' | 'statePk',
  string | undefined
>;

/**
 * Where a whole task stands in the indexes that follow its state.
 * Only tasks that programs claim are in the ready and due indexes: the runner is told of its tasks by its queue,
 * and people find theirs in lists.
 * @param readyMillis since when a ready task is ready
 */
export function placeTask(task: TaskItem, type: TaskType, readyMillis: number): Placement {
  const placement: Placement = {
    ...outOfIndexes,
    ...timerPlacement(task),
    statePk: statePartition(task.tenantId, task.state),
  };
  if (task.state === 'dead') return { ...placement, ...deadKeysOf(task) };
  if (task.executor !== 'worker') return placement;
  const { tenantId, id } = task;
  const keyed = { tenantId, type: task.type, id, facts: factsOf(task), readyShards: type.readyShards };
  if (task.state === 'ready') {
    return { ...placement, ...readyKeys(keyed, readyMillis, type.priorityWeightSeconds) };
  }
  if (task.state === 'scheduled')
    return { ...placement, ...dueKeys(keyed, Date.parse(task.runAt as string)) };
  return placement;
}

/** A dead task stands where dead letters are listed. */
function deadKeysOf(task: TaskItem) {
  return deadKeys(task, task.endedAt ?? task.updatedAt, task.error?.code ?? 'unknown');
}

/** When the clock must look at the task: the next of its own start (to-dos), latest start, deadline, end of a cancelled lease. */
export function timerPlacement(task: TaskItem): Pick<Placement, 'timerPk' | 'timerSk'> {
  if (task.state === 'dead') {
    const { timerPk, timerSk } = deadKeysOf(task);
    return { timerPk, timerSk };
  }
  const next = nextTimer(task);
  return next === undefined ? { timerPk: undefined, timerSk: undefined } : timerKeys(task.id, next);
}

/** Epoch milliseconds, or undefined when the clock has nothing to do with the task. */
export function nextTimer(task: TaskItem): number | undefined {
  if (hasEnded(task.state)) return undefined;
  const times = [
    task.executor === 'person' && task.state === 'scheduled' ? task.runAt : undefined,
    task.lease === 0 ? task.startBy : undefined,
    task.deadline,
    task.cancelRequested ? task.leaseExpiresAt : undefined,
  ].flatMap((time) => (time ? [Date.parse(time)] : []));
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** The attributes of the list indexes; they never change, or only with the member that they mirror. */
export function listKeys(
  task: Pick<TaskItem, 'tenantId' | 'id' | 'type' | 'assigneeId' | 'about'>,
): Record<string, string> {
  return {
    sortId: task.id,
    createdPk: createdPartition(task.tenantId),
    typePk: typePartition(task.tenantId, task.type),
    ...(task.assigneeId && { assigneePk: assigneePartition(task.tenantId, task.assigneeId) }),
    ...(task.about && { aboutPk: aboutPartition(task.tenantId, task.about) }),
  };
}
