import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { beginningOf } from '../../shared/beginning-of.ts';
import { now } from '../../shared/clock.ts';
import { jsonText } from '../enqueue/enqueue-input.ts';
import { described, line, wholeNumber } from '../fields.ts';
import { slotEnd } from '../history/attempt-slots.ts';
import { afterRelease, type TaskFacts, withoutRank } from '../indexes/facts.ts';
import { dueKeys, outOfIndexes, readyKeys, statePartition } from '../indexes/index-keys.ts';
import { deadMembers, endMembers, stamp } from '../lifecycle/end-task.ts';
import type { Progress, StoredError, TaskItem } from '../task.ts';
import { oneMore } from '../task-update.ts';
import { requireValidResult } from '../types/enforce.ts';
import { backoffMillis } from './backoff.ts';
import { type LeaseHolder, type OpenedLease, openLease, writeUnderLease } from './lease-write.ts';

const leaseToken = described(z.string().check(z.minLength(1), z.maxLength(300)), 'As the claim gave it.');

/** What fits beside the largest input in an item of 400 KB (DynamoDB). */
export const maxResultBytes = 96 * 1024;
const maxDetailsBytes = 8 * 1024;
/** The history keeps this much of an error's message. */
const keptMessage = 300;

export const completeInput = z.strictObject({
  leaseToken: described(
    z.optional(z.string().check(z.minLength(1), z.maxLength(300))),
    'As the claim gave it; left out for tasks that a person does.',
  ),
  result: described(
    z.optional(z.unknown()),
    `Any JSON, up to ${maxResultBytes} bytes; it goes through unchanged.`,
  ),
});

export const failInput = z.strictObject({
  leaseToken,
  error: z.strictObject({
    code: described(line(100), 'Stable, for people and programs to filter by.'),
    message: z.string().check(z.minLength(1), z.maxLength(2_000)),
    details: described(z.optional(z.unknown()), `Any JSON, up to ${maxDetailsBytes} bytes.`),
  }),
  retryable: described(z._default(z.boolean(), true), '`false`: no further attempt, the task is dead.'),
  retryAfterSeconds: described(z.optional(wholeNumber(0, 604_800)), "Instead of the type's own backoff."),
});

export const releaseInput = z.strictObject({
  leaseToken,
  delaySeconds: described(z._default(wholeNumber(0, 604_800), 0), 'Not to be claimed again before.'),
});

export type FailInput = z.infer<typeof failInput>;

/** The task afterwards; `repeated` when the same call had settled it before. */
export interface Settled {
  task: TaskItem;
  repeated: boolean;
}

/**
 * Ends a task well.
 * @param options.progress the last one, instead of what was reported on the way
 * @param options.maxBytes what the result may have, where the size of the input beside it is known
 * @throws {Problem} `not_found`, `lease_lost`, `payload_too_large`; `validation_failed` for a result that its
 * type does not allow: the lease is kept
 */
export async function completeTask(
  holder: LeaseHolder,
  result: unknown,
  actor: Actor,
  { progress, maxBytes = maxResultBytes }: { progress?: Progress; maxBytes?: number } = {},
): Promise<Settled> {
  const text = jsonText(result, 'result', maxBytes);
  const lease = await openLease(holder, actor);
  requireValidResult(lease.taskType, result, text);
  const at = now();
  const members = {
    ...endMembers(lease.tenantId, 'completed', at, lease.taskType.retentionDays),
    ...slotEnd(lease.facts.lease, { endedAt: at.toISOString(), outcome: 'completed' }),
    result: text,
    ...(progress && { progress, progressAt: at.toISOString(), progressCount: oneMore }),
    error: undefined,
    checkpoint: undefined,
    ...stamp(at, actor),
  };
  return settled(await writeUnderLease(holder, members, actor, { settles: 'completed' }));
}

/** Where a failed attempt leads. */
export interface FailurePlan {
  /** Epoch milliseconds of the next attempt; absent when there is none and the task is dead. */
  nextAttempt?: number;
}

/** Decides about a failed attempt: the caller's wish first, then the type's retry policy. */
export function planFailure(
  { facts, taskType }: Pick<OpenedLease, 'facts' | 'taskType'>,
  { retryable, retryAfterSeconds }: Pick<FailInput, 'retryable' | 'retryAfterSeconds'>,
  nowMillis: number,
  random?: number,
): FailurePlan {
  if (!retryable || facts.attempt >= facts.maxAttempts) return {};
  const wait =
    retryAfterSeconds === undefined
      ? backoffMillis(taskType.retry, facts.attempt, random)
      : retryAfterSeconds * 1_000;
  return { nextAttempt: nowMillis + wait };
}

/**
 * Reports a failed attempt: the task is scheduled again or dead.
 * @throws {Problem} `not_found`, `lease_lost`, `payload_too_large`
 */
export async function failTask(
  holder: LeaseHolder,
  input: Omit<FailInput, 'leaseToken'>,
  actor: Actor,
): Promise<Settled> {
  const details = jsonText(input.error.details, 'error/details', maxDetailsBytes);
  const lease = await openLease(holder, actor);
  const at = now();
  const { nextAttempt } = planFailure(lease, input, at.getTime());
  const { code, message } = input.error;
  const error: StoredError = { code, message, ...(details !== undefined && { details }) };
  const end = slotEnd(lease.facts.lease, {
    endedAt: at.toISOString(),
    outcome: 'failed',
    error: { code, message: beginningOf(message, keptMessage) },
  });
  const members =
    nextAttempt === undefined
      ? deadMembers(lease, error, at, lease.taskType.retentionDays)
      : waitMembers(lease, withoutRank(lease.facts), nextAttempt, at);
  return giveBack(holder, { ...members, ...end, error, ...stamp(at, actor) }, lease, at, actor, 'failed');
}

/**
 * Gives a task back without spending an attempt; without a delay it has its old place in the queue.
 * @throws {Problem} `not_found`, `lease_lost`
 */
export async function releaseTask(
  holder: LeaseHolder,
  delaySeconds: number,
  actor: Actor,
  checkpoint?: string,
): Promise<Settled> {
  const lease = await openLease(holder, actor);
  const at = now();
  const released = afterRelease(lease.facts);
  const facts = delaySeconds > 0 ? withoutRank(released) : released;
  const members = {
    ...waitMembers(lease, facts, at.getTime() + delaySeconds * 1_000, at),
    ...slotEnd(lease.facts.lease, { endedAt: at.toISOString(), outcome: 'released' }),
    attempt: facts.attempt,
    ...(checkpoint !== undefined && { checkpoint }),
    ...stamp(at, actor),
  };
  return giveBack(holder, members, lease, at, actor, 'released');
}

/** The members of a task that waits for its next attempt; without a wait it is ready at once. */
function waitMembers(lease: OpenedLease, facts: TaskFacts, due: number, at: Date): Record<string, unknown> {
  const { tenantId, id, type, taskType } = lease;
  const ready = due <= at.getTime();
  const state = ready ? 'ready' : 'scheduled';
  const keyed = { tenantId, type, id, facts, readyShards: taskType.readyShards };
  return {
    readyPk: undefined,
    readySk: undefined,
    duePk: undefined,
    dueSk: undefined,
    ...(taskType.executor === 'worker' &&
      (ready ? readyKeys(keyed, due, taskType.priorityWeightSeconds) : dueKeys(keyed, due))),
    state,
    statePk: statePartition(tenantId, state),
    runAt: new Date(due).toISOString(),
    leaseToken: undefined,
    leaseExpiresAt: undefined,
  };
}

/** Ends a lease without success; a task that is to be cancelled is cancelled now, with a second write. */
async function giveBack(
  holder: LeaseHolder,
  members: Record<string, unknown>,
  lease: OpenedLease,
  at: Date,
  actor: Actor,
  settles: 'failed' | 'released',
): Promise<Settled> {
  const outcome = await writeUnderLease(holder, members, actor, { settles, unlessCancelled: true });
  if (!('cancelRequested' in outcome)) return settled(outcome);
  const cancelled = {
    ...members,
    runAt: undefined,
    ...outOfIndexes,
    ...endMembers(lease.tenantId, 'cancelled', at, lease.taskType.retentionDays),
  };
  return settled(await writeUnderLease(holder, cancelled, actor, { settles }));
}

function settled(outcome: Awaited<ReturnType<typeof writeUnderLease>>): Settled {
  if ('task' in outcome) return { task: outcome.task, repeated: false };
  if ('repeated' in outcome) return { task: outcome.repeated, repeated: true };
  throw new Error('a lease was refused for a reason that was not asked about');
}
