import type { Actor } from '../shared/actor.ts';
import { now } from '../shared/clock.ts';
import { ConditionFailed, updateItem } from '../shared/dynamo/table.ts';
import { Problem } from '../shared/problem.ts';
import { carryOut } from '../shared/write-plan.ts';
import { endMembers } from './end-task.ts';
import { judge } from './facts.ts';
import { changed, replaceTask } from './replace-task.ts';
import { isAllowed } from './state-machine.ts';
import { type LeaseRequest, leaseMembers, type Taken } from './take-candidate.ts';
import { factsOf, type TaskItem, taskKey } from './task.ts';
import { taskUpdate } from './task-update.ts';
import { typeAt } from './type-registry.ts';

/**
 * Leases a task that was just read, for those who are told of it by name instead of looking for work.
 * Whether it is due, or its last lease over, is for the caller to check.
 */
export async function claimById(task: TaskItem, request: LeaseRequest, actor: Actor): Promise<Taken> {
  if (!isAllowed('claim', task.state)) return 'lost';
  const at = now();
  const facts = factsOf(task);
  const type = await typeAt(task.tenantId, task.type, task.typeVersion);
  const verdict = task.cancelRequested ? 'cancelled' : judge(facts, at.getTime());
  try {
    if (verdict !== 'claim') {
      const ended = endMembers(task.tenantId, verdict, at, type.retentionDays);
      await carryOut([replaceTask(changed(task, ended, actor, at))]);
      return 'ended';
    }
    const update = taskUpdate(leaseMembers({ id: task.id, type, facts }, request, actor, at));
    const same = {
      text: '#version = :version',
      names: { '#version': 'version' },
      values: { ':version': task.version },
    };
    return { task: (await updateItem('tasks', taskKey(task.tenantId, task.id), update, same)) as TaskItem };
  } catch (error) {
    if (error instanceof ConditionFailed) return 'lost';
    if (error instanceof Problem && error.code === 'conflict') return 'lost';
    throw error;
  }
}
