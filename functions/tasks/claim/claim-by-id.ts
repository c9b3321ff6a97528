import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { ConditionFailed, updateItem } from '../../shared/dynamo/table.ts';
import { Problem } from '../../shared/problem.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { closedAttempts, slotLost } from '../history/attempt-slots.ts';
import { judge } from '../indexes/facts.ts';
import { endUndone } from '../lifecycle/end-task.ts';
import { changed, replaceTask } from '../lifecycle/replace-task.ts';
import { isAllowed } from '../lifecycle/state-machine.ts';
import { giveBack, isLimited, reserve } from '../limits/reserve.ts';
import { factsOf, type TaskItem, taskKey } from '../task.ts';
import { taskUpdate } from '../task-update.ts';
import { findType, typeAt } from '../types/type-registry.ts';
import { type LeaseRequest, leaseEnd, leaseMembers, type Taken } from './take-candidate.ts';

/** As for any claim; or the limits of the type have no room before then (epoch milliseconds): ask again. */
export type ClaimedById = Taken | { limitedUntil: number };

/**
 * Leases a task that was just read, for those who are told of it by name instead of looking for work.
 * Whether it is due, or its last lease over, is for the caller to check. The limits of the type hold here as they
 * do for claims: who is told `limitedUntil` has taken nothing and comes back then, with the message delayed.
 */
export async function claimById(task: TaskItem, request: LeaseRequest, actor: Actor): Promise<ClaimedById> {
  const { tenantId } = task;
  const current = await findType(tenantId, task.type);
  const at = now();
  const nowMillis = at.getTime();
  if (!current || !isLimited(current) || !mayBegin(task, nowMillis)) return take(task, request, actor, at);
  const own = await typeAt(tenantId, task.type, task.typeVersion);
  const until = leaseEnd(own, request.leaseSeconds, nowMillis);
  const { granted, holds, limitedUntil } = await reserve(tenantId, current, 1, until, nowMillis);
  if (granted === 0) return { limitedUntil: limitedUntil ?? nowMillis };
  const [hold] = holds;
  const taken = await take(task, { ...request, hold, until }, actor, now());
  if (typeof taken === 'string') await giveBack(tenantId, current, holds, granted);
  return taken;
}

/** False for a task that a claim would only end: that takes no room. */
function mayBegin(task: TaskItem, nowMillis: number): boolean {
  return !task.cancelRequested && judge(factsOf(task), nowMillis) === 'claim';
}

async function take(task: TaskItem, request: LeaseRequest, actor: Actor, at: Date): Promise<Taken> {
  if (!isAllowed('claim', task.state)) return 'lost';
  const facts = factsOf(task);
  const type = await typeAt(task.tenantId, task.type, task.typeVersion);
  const verdict = task.cancelRequested ? 'cancelled' : judge(facts, at.getTime());
  const leased = leaseMembers({ id: task.id, type, facts }, request, actor, at);
  try {
    if (verdict !== 'claim') {
      const ended = endUndone(task, verdict, at, type.retentionDays);
      const attempts = closedAttempts(task, verdict, at);
      await carryOut([replaceTask(changed(task, { ...ended, attempts }, actor, at))]);
      return 'ended';
    }
    const lost = task.leaseExpiresAt ? slotLost(task.lease, Date.parse(task.leaseExpiresAt)) : {};
    const update = taskUpdate({ ...leased, ...lost });
    const same = {
      text: '#version = :version',
      names: { '#version': 'version' },
      values: { ':version': task.version },
    };
    return { task: (await updateItem('tasks', taskKey(task.tenantId, task.id), update, same)) as TaskItem };
  } catch (error) {
    if (error instanceof ConditionFailed) {
      const current = error.current as TaskItem | undefined;
      // The table's first answer was lost and the call sent again: whoever has the task is this very claim.
      return current && current.leaseToken === leased.leaseToken ? { task: current } : 'lost';
    }
    if (error instanceof Problem && error.code === 'conflict') return 'lost';
    throw error;
  }
}
