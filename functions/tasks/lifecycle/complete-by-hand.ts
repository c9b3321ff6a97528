import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { jsonText } from '../enqueue/enqueue-input.ts';
import { getTask } from '../find-tasks.ts';
import { slotName } from '../history/attempt-slots.ts';
import { maxResultBytes, type Settled } from '../lease/settle.ts';
import type { TaskItem } from '../task.ts';
import { requireValidResult } from '../types/enforce.ts';
import type { TaskType } from '../types/task-type.ts';
import { typeAt } from '../types/type-registry.ts';
import { endMembers } from './end-task.ts';
import { changed, replaceTask, untilUndisturbed } from './replace-task.ts';
import { isAllowed } from './state-machine.ts';

/**
 * A person is done with a to-do: no claim before it and no lease (docs/decisions/0020-people-need-no-lease.md).
 * Doing it again changes nothing.
 * @throws {Problem} `not_found`, `invalid_transition`, `validation_failed` for tasks that need a lease token
 */
export async function completeByHand(
  id: string,
  result: unknown,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<Settled> {
  const text = jsonText(result, 'result', maxResultBytes);
  return untilUndisturbed(async () => {
    const task = await getTask(id, actor);
    if (task.executor !== 'person') {
      throw validationFailed([
        {
          pointer: '/leaseToken',
          code: 'required',
          message: `is required: a ${task.executor} does this task`,
        },
      ]);
    }
    if (task.state === 'completed') return { task, repeated: true };
    requireVersion(ifMatch, task.version);
    if (!isAllowed('completeByHand', task.state)) {
      throw new Problem('invalid_transition', `The task is ${task.state} and cannot be completed`, {
        extensions: { state: task.state },
      });
    }
    const type = await typeAt(task.tenantId, task.type, task.typeVersion);
    requireValidResult(type, result, text);
    const after = completed(task, type, text, actor, now());
    await carryOut([replaceTask(after)]);
    return { task: after, repeated: false };
  });
}

function completed(
  task: TaskItem,
  { retentionDays }: TaskType,
  result: string | undefined,
  actor: Actor,
  at: Date,
): TaskItem {
  const lease = task.lease + 1;
  const endedAt = at.toISOString();
  const entry = {
    lease,
    attempt: task.attempt + 1,
    workerId: actor.caller.subject,
    startedAt: endedAt,
    endedAt,
    outcome: 'completed' as const,
  };
  const members = {
    ...endMembers(task.tenantId, 'completed', at, retentionDays),
    lease,
    attempt: task.attempt + 1,
    attempts: { ...task.attempts, [slotName(lease)]: entry },
    result,
  };
  return changed(task, members, actor, at);
}
