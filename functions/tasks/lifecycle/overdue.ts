import type { Actor } from '../../shared/actor.ts';
import { closedAttempts } from '../history/attempt-slots.ts';
import { judge } from '../indexes/facts.ts';
import { factsOf, type TaskItem } from '../task.ts';
import { typeAt } from '../types/type-registry.ts';
import { endUndone } from './end-task.ts';
import { changed } from './replace-task.ts';
import { hasEnded } from './state-machine.ts';

/** The ways in which a task ends without anybody doing it. */
export type OverdueEnd = 'expired' | 'dead' | 'cancelled';

/**
 * How a task has come to its end although nobody has written it down yet: the clock looks once a minute, and a
 * claim only when there is one. Undefined while there is something to wait for.
 */
export function overdueEnd(task: TaskItem, nowMillis: number): OverdueEnd | undefined {
  if (hasEnded(task.state)) return undefined;
  const verdict = judge(factsOf(task), nowMillis);
  if (verdict === 'expired') return 'expired';
  const leaseOver =
    task.state === 'claimed' &&
    task.leaseExpiresAt !== undefined &&
    Date.parse(task.leaseExpiresAt) <= nowMillis;
  if (!leaseOver) return undefined;
  if (task.cancelRequested) return 'cancelled';
  return verdict === 'dead' ? 'dead' : undefined;
}

/** The task as it stands once its end is written down. */
export async function endOverdue(task: TaskItem, end: OverdueEnd, actor: Actor, at: Date): Promise<TaskItem> {
  const { retentionDays } = await typeAt(task.tenantId, task.type, task.typeVersion);
  const members = endUndone(task, end, at, retentionDays);
  return changed(task, { ...members, attempts: closedAttempts(task, end, at) }, actor, at);
}
