import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { Problem } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { described, line } from '../fields.ts';
import { getTask } from '../find-tasks.ts';
import { timerPlacement } from '../indexes/place-task.ts';
import type { TaskItem } from '../task.ts';
import { typeAt } from '../types/type-registry.ts';
import { endMembers } from './end-task.ts';
import { changed, replaceTask, untilUndisturbed } from './replace-task.ts';
import { isAllowed } from './state-machine.ts';

export const cancelInput = z.optional(
  z.strictObject({ reason: described(z.optional(line(500)), 'Kept on the task.') }),
);

/** Writes the change; the REST handler adds the idempotency record of its answer. */
export type CommitChange = (writes: PlannedWrite[], task: TaskItem) => Promise<void>;

/**
 * Cancels a task. One that is being worked on is only marked: its holder learns of it with the next heartbeat,
 * and it is cancelled when the lease is given back or ends. Cancelling again changes nothing.
 * @throws {Problem} `not_found`, `invalid_transition` for an ended task, `precondition_failed`
 */
export async function cancelTask(
  id: string,
  reason: string | undefined,
  actor: Actor,
  commit: CommitChange,
  ifMatch?: VersionCondition,
): Promise<TaskItem> {
  return untilUndisturbed(async () => {
    const task = await getTask(id, actor);
    requireVersion(ifMatch, task.version);
    if (task.state === 'cancelled' || (task.state === 'claimed' && task.cancelRequested)) {
      await commit([], task);
      return task;
    }
    const at = now();
    const after = isAllowed('requestCancel', task.state)
      ? markCancelled(task, reason, actor, at)
      : await endCancelled(task, reason, actor, at);
    await commit([replaceTask(after)], after);
    return after;
  });
}

function markCancelled(task: TaskItem, reason: string | undefined, actor: Actor, at: Date): TaskItem {
  const after = changed(task, { cancelRequested: true, ...(reason && { reason }) }, actor, at);
  // The clock ends it should nobody look for the lease again.
  return { ...after, ...timerPlacement(after) };
}

async function endCancelled(
  task: TaskItem,
  reason: string | undefined,
  actor: Actor,
  at: Date,
): Promise<TaskItem> {
  if (!isAllowed('cancel', task.state)) {
    throw new Problem(
      'invalid_transition',
      `The task is ${task.state}; only one that has not ended can be cancelled`,
      {
        extensions: { state: task.state },
      },
    );
  }
  const { retentionDays } = await typeAt(task.tenantId, task.type, task.typeVersion);
  const ended = endMembers(task.tenantId, 'cancelled', at, retentionDays);
  return changed(task, { ...ended, ...(reason && { reason }) }, actor, at);
}
