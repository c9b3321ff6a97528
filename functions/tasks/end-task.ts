import { outOfIndexes, statePartition } from './index-keys.ts';
import type { TaskState } from './state-machine.ts';

/** The members of a task that has come to its end. @param retentionDays how long it is kept */
export function endMembers(
  tenantId: string,
  state: Extract<TaskState, 'completed' | 'dead' | 'cancelled' | 'expired'>,
  now: Date,
  retentionDays: number,
) {
  return {
    ...outOfIndexes,
    state,
    statePk: statePartition(tenantId, state),
    endedAt: now.toISOString(),
    ttl: Math.floor(now.getTime() / 1_000) + retentionDays * 86_400,
    leaseToken: undefined,
    leaseExpiresAt: undefined,
  };
}

/** Who wrote last and in which request. */
export function stamp(now: Date, actor: { caller: { subject: string }; requestId: string }) {
  return { updatedAt: now.toISOString(), updatedBy: actor.caller.subject, requestId: actor.requestId };
}
