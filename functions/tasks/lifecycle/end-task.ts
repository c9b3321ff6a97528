import { deadKeys, outOfIndexes, statePartition } from '../indexes/index-keys.ts';
import type { StoredError } from '../task.ts';
import type { TaskState } from './state-machine.ts';

/** The members of a task that has come to its end, but for a dead one. @param retentionDays how long it is kept */
export function endMembers(
  tenantId: string,
  state: Extract<TaskState, 'completed' | 'cancelled' | 'expired'>,
  now: Date,
  retentionDays: number,
) {
  return { ...outOfIndexes, ...ended(tenantId, state, now, retentionDays) };
}

/** The members of a task that has died of an error: it becomes a dead letter. */
export function deadMembers(
  task: { tenantId: string; id: string; type: string },
  error: StoredError,
  now: Date,
  retentionDays: number,
) {
  return {
    ...ended(task.tenantId, 'dead', now, retentionDays),
    ...deadKeys(task, now.toISOString(), error.code),
    error,
  };
}

function ended(tenantId: string, state: TaskState, now: Date, retentionDays: number) {
  return {
    state,
    statePk: statePartition(tenantId, state),
    endedAt: now.toISOString(),
    ttl: Math.floor(now.getTime() / 1_000) + retentionDays * 86_400,
    leaseToken: undefined,
    leaseExpiresAt: undefined,
  };
}

/** The members of a task that ends without anybody doing it. */
export function endUndone(
  task: { tenantId: string; id: string; type: string },
  state: 'dead' | 'expired' | 'cancelled',
  now: Date,
  retentionDays: number,
) {
  return state === 'dead'
    ? deadMembers(task, leaseExpired, now, retentionDays)
    : endMembers(task.tenantId, state, now, retentionDays);
}

/** Why a task dies whose last attempt was not heard of again. */
export const leaseExpired: StoredError = {
  code: 'lease_expired',
  message: 'The last attempt ended without an answer from its worker',
};

/** Who wrote last and in which request. */
export function stamp(now: Date, actor: { caller: { subject: string }; requestId: string }) {
  return { updatedAt: now.toISOString(), updatedBy: actor.caller.subject, requestId: actor.requestId };
}
