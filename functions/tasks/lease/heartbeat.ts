import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { leaseEnd } from '../claim/take-candidate.ts';
import { described, wholeNumber } from '../fields.ts';
import { dueKeys } from '../indexes/index-keys.ts';
import { extendSlot, shortenSlot } from '../limits/slots.ts';
import type { Progress } from '../task.ts';
import { oneMore } from '../task-update.ts';
import { type LeaseHolder, lostOrNotFound, openLease, writeUnderLease } from './lease-write.ts';

export const heartbeatInput = z.strictObject({
  leaseToken: described(z.string().check(z.minLength(1), z.maxLength(300)), 'As the claim gave it.'),
  leaseSeconds: described(z.optional(wholeNumber(1, 43_200)), "From now; the type's own when left out."),
  progress: z.optional(
    z.strictObject({
      percent: z.optional(z.number().check(z.gte(0), z.lte(100))),
      message: z.optional(z.string().check(z.maxLength(500))),
    }),
  ),
});

export const heartbeatOutput = z.strictObject({
  leaseExpiresAt: z.string(),
  cancelRequested: described(z.boolean(), 'Someone wants the task cancelled: stop, then release or fail it.'),
});

export type Heartbeat = z.infer<typeof heartbeatOutput>;

export interface HeartbeatNews {
  leaseSeconds?: number;
  progress?: Progress;
  /** Where to go on after a crash, JSON text; built-in types only. */
  checkpoint?: string;
}

/**
 * Extends a lease and tells how far the work is. A lease that has ended stays ended, and beyond the deadline there
 * is nothing to extend (docs/decisions/0022-claims-decide-from-keys.md).
 * @throws {Problem} `not_found`, `lease_lost`
 */
export async function heartbeat(
  holder: LeaseHolder,
  { leaseSeconds, progress, checkpoint }: HeartbeatNews,
  actor: Actor,
): Promise<Heartbeat> {
  const { tenantId, id, type, taskType, facts, hold } = await openLease(holder, actor);
  const at = now();
  const until = leaseEnd(taskType, leaseSeconds, at.getTime());
  const leaseExpiresAt = new Date(until).toISOString();
  const keyed = { tenantId, type, id, facts, readyShards: taskType.readyShards };
  const members = {
    leaseExpiresAt,
    ...(taskType.executor === 'worker' && dueKeys(keyed, until)),
    ...(progress && { progress, progressAt: at.toISOString(), progressCount: oneMore }),
    ...(checkpoint !== undefined && { checkpoint }),
    updatedAt: at.toISOString(),
    updatedBy: actor.caller.subject,
    requestId: actor.requestId,
  };
  if (facts.deadline !== undefined && facts.deadline <= at.getTime()) {
    throw await lostOrNotFound(tenantId, id, 'The deadline of the task has passed; stop');
  }
  // The slot first: it must never end before the lease that it is for.
  const move = hold && (await extendSlot(tenantId, type, hold, until, at.getTime()));
  if (move === 'lost') throw await lostOrNotFound(tenantId, id);
  const outcome = await writeUnderLease(holder, members, actor, { aliveAt: at.toISOString() });
  if (hold && move === 'later') await shortenSlot(tenantId, type, hold, until);
  const cancelRequested = 'task' in outcome && outcome.task.cancelRequested === true;
  return { leaseExpiresAt, cancelRequested };
}
