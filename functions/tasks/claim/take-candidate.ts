import type { Actor } from '../../shared/actor.ts';
import { ConditionFailed, type Expression, updateItem } from '../../shared/dynamo/table.ts';
import { slotLost, slotPath } from '../history/attempt-slots.ts';
import { afterClaim, judge } from '../indexes/facts.ts';
import { dueKeys, readSortKey, statePartition } from '../indexes/index-keys.ts';
import { newLeaseToken } from '../lease/lease-token.ts';
import { endUndone, stamp } from '../lifecycle/end-task.ts';
import type { Hold } from '../limits/slots.ts';
import { type Attempt, type TaskItem, taskKey } from '../task.ts';
import { taskUpdate } from '../task-update.ts';
import type { TaskType } from '../types/task-type.ts';
import type { Candidate } from './candidates.ts';

/** How long and for whom a task is leased. */
export interface LeaseRequest {
  workerId: string;
  /** The type's own when absent. */
  leaseSeconds?: number;
  claimId?: string;
  /** The slot that was reserved for it, of a type that limits how many of its tasks are worked on at one time. */
  hold?: Hold | undefined;
  /** When the lease ends, where that was settled before it began: with its slot. Epoch milliseconds. */
  until?: number | undefined;
}

/** When a lease that begins now ends, epoch milliseconds. */
export function leaseEnd(type: TaskType, leaseSeconds: number | undefined, nowMillis: number): number {
  return nowMillis + (leaseSeconds ?? type.leaseSeconds) * 1_000;
}

/** The leased task; or it was someone else's by now; or its time or its attempts were used up and it has ended. */
export type Taken = { task: TaskItem } | 'lost' | 'ended';

/** One conditional UpdateItem: of all who try the same candidate exactly one wins. */
export async function takeCandidate(
  candidate: Candidate,
  request: LeaseRequest,
  actor: Actor,
  now: Date,
): Promise<Taken> {
  const verdict = judge(candidate.facts, now.getTime());
  const members = { ...leaseMembers(candidate, request, actor, now), ...lostLease(candidate) };
  try {
    if (verdict !== 'claim') {
      await endCandidate(candidate, verdict, actor, now);
      return 'ended';
    }
    const key = taskKey(actor.caller.tenantId, candidate.id);
    return { task: (await updateItem('tasks', key, taskUpdate(members), untouched(candidate))) as TaskItem };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const current = error.current as TaskItem | undefined;
    // The table's first answer was lost and the call sent again: the winner is this very claim.
    if (current && current.leaseToken === members.leaseToken) return { task: current };
    if (!current?.cancelRequested || current.dueSk !== candidate.key) return 'lost';
    return cancelCandidate(candidate, actor, now);
  }
}

/** Its holder has gone without an answer to the cancellation. */
async function cancelCandidate(candidate: Candidate, actor: Actor, now: Date): Promise<Taken> {
  try {
    await endCandidate(candidate, 'cancelled', actor, now);
    return 'ended';
  } catch (error) {
    if (error instanceof ConditionFailed) return 'lost';
    throw error;
  }
}

function endCandidate(
  candidate: Candidate,
  state: 'dead' | 'expired' | 'cancelled',
  actor: Actor,
  now: Date,
): Promise<unknown> {
  const { tenantId } = actor.caller;
  const { id, type } = candidate;
  const members = {
    ...endUndone({ tenantId, id, type: type.name }, state, now, type.retentionDays),
    ...lostLease(candidate),
    ...stamp(now, actor),
  };
  return updateItem('tasks', taskKey(tenantId, id), taskUpdate(members), sameKey(candidate));
}

/** Closes the attempt of a lease that nobody gave back; a due key says when it ended. */
function lostLease({ source, key, facts }: Candidate): Record<string, unknown> {
  return source === 'due' ? slotLost(facts.lease, readSortKey(key).at) : {};
}

/** The members that a claim sets. The facts come from the index key, so nothing has to be read. */
export function leaseMembers(
  { id, type, facts, rank }: Pick<Candidate, 'id' | 'type' | 'facts'> & { rank?: number },
  { workerId, leaseSeconds, claimId, hold, until: settled }: LeaseRequest,
  actor: Actor,
  now: Date,
): Record<string, unknown> {
  const { tenantId } = actor.caller;
  const leased = afterClaim(facts, rank);
  const until = settled ?? leaseEnd(type, leaseSeconds, now.getTime());
  const attempt: Attempt = {
    lease: leased.lease,
    attempt: leased.attempt,
    workerId,
    startedAt: now.toISOString(),
  };
  const keyed = { tenantId, type: type.name, id, facts: leased, readyShards: type.readyShards };
  return {
    state: 'claimed',
    statePk: statePartition(tenantId, 'claimed'),
    readyPk: undefined,
    readySk: undefined,
    ...(type.executor === 'worker' && dueKeys(keyed, until)),
    leaseToken: newLeaseToken({ facts: leased, type: type.name, ...(hold && { hold }) }),
    leaseExpiresAt: new Date(until).toISOString(),
    workerId,
    claimId,
    lease: leased.lease,
    attempt: leased.attempt,
    [slotPath(leased.lease)]: attempt,
    progress: undefined,
    progressAt: undefined,
    progressCount: undefined,
    ...stamp(now, actor),
  };
}

/** The task still stands where it was found: claims, settlements and cancellations all change the key. */
function sameKey({ source, key }: Candidate): Expression {
  return source === 'ready'
    ? { text: 'readySk = :key', values: { ':key': key } }
    : { text: 'dueSk = :key', values: { ':key': key } };
}

function untouched(candidate: Candidate): Expression {
  const same = sameKey(candidate);
  if (candidate.source === 'ready') return same;
  return { ...same, text: `${same.text} AND attribute_not_exists(cancelRequested)` };
}
