import { systemActor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import type { Item, Key } from '../../shared/dynamo/item.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { Problem } from '../../shared/problem.ts';
import { carryOut, type PlannedWrite } from '../../shared/write-plan.ts';
import { endOverdue, overdueEnd } from '../lifecycle/overdue.ts';
import { replaceTask, untilUndisturbed } from '../lifecycle/replace-task.ts';
import { hasEnded, taskStates } from '../lifecycle/state-machine.ts';
import { type TaskItem, taskKey } from '../task.ts';

/**
 * A dedupe key is held by a guard item that names the task. The guard is not deleted when the task ends, since
 * that would cost every completion a second write: the next task with the key looks at the state of the holder
 * and takes the guard over, in one transaction with a check that the holder is still at its end.
 */
export function guardKey(tenantId: string, type: string, dedupeKey: string): Key {
  return { pk: `${tenantId}#dedupe#${type}#${dedupeKey}`, sk: 'guard' };
}

/** Someone else's task holds the key. */
export class DedupeKeyHeld extends Problem {
  /** Id of the holder. */
  readonly holderId: string;

  constructor(holderId: string) {
    super('duplicate', 'A task with this dedupeKey is not done yet', {
      extensions: { existingId: holderId },
    });
    this.holderId = holderId;
  }
}

/** Guards that outlive their task are litter; a task that is not done after this long is litter too. */
const guardDays = 400;

/** The writes that give a task its dedupe key. @param endedHolder the task that had it and has ended */
export function guardWrites(task: TaskItem, endedHolder?: string): PlannedWrite[] {
  if (!task.dedupeKey) return [];
  const key = guardKey(task.tenantId, task.type, task.dedupeKey);
  const start = Date.parse(task.runAt ?? task.updatedAt);
  const guard: PlannedWrite = {
    write: {
      kind: 'put',
      table: 'platform',
      item: { ...key, taskId: task.id, ttl: Math.floor(start / 1_000) + guardDays * 86_400 },
      condition: {
        text: 'attribute_not_exists(pk) OR taskId = :own OR taskId = :ended',
        values: { ':own': task.id, ':ended': endedHolder ?? task.id },
      },
    },
    refused: (current: Item | undefined) => new DedupeKeyHeld(current?.taskId as string),
  };
  return endedHolder ? [guard, stillEnded(task, endedHolder)] : [guard];
}

/** The holder may be retried by hand at this very moment; then it keeps its key. */
function stillEnded(task: TaskItem, holderId: string): PlannedWrite {
  const ended = taskStates.filter(hasEnded);
  return {
    write: {
      kind: 'check',
      table: 'tasks',
      key: taskKey(task.tenantId, holderId),
      condition: {
        text: `attribute_not_exists(pk) OR #state IN (${ended.map((_, at) => `:e${at}`).join(', ')})`,
        names: { '#state': 'state' },
        values: Object.fromEntries(ended.map((state, at) => [`:e${at}`, state])),
      },
    },
    refused: () => new DedupeKeyHeld(holderId),
  };
}

/**
 * The task that holds a key, if it lives. One whose time or attempts are used up does not, although the clock may
 * not have looked at it yet: its end is written down here, so that its key is free at once.
 * @param requestId of the request that wants the key
 */
export function livingHolder(
  tenantId: string,
  holderId: string,
  requestId: string,
): Promise<TaskItem | undefined> {
  return untilUndisturbed(async () => {
    const holder = (await getItem('tasks', taskKey(tenantId, holderId))) as TaskItem | undefined;
    if (!holder || hasEnded(holder.state)) return undefined;
    const at = now();
    const end = overdueEnd(holder, at.getTime());
    if (!end) return holder;
    await carryOut([replaceTask(await endOverdue(holder, end, systemActor(tenantId, requestId), at))]);
    return undefined;
  });
}
