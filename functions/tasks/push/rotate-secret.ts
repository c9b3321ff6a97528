import * as z from 'zod/mini';
import { auditWrite } from '../../platform/audit/audit-write.ts';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { seal } from '../../shared/outgoing/sealed-secret.ts';
import { newSigningSecret } from '../../shared/outgoing/signing.ts';
import { Problem } from '../../shared/problem.ts';
import type { WritePlan } from '../../shared/write-plan.ts';
import { described } from '../fields.ts';
import { getType } from '../types/type-registry.ts';
import { ownerOf, putSecrets, type SecretItem, secretKey } from './type-secret.ts';

/** How long the secret before the last rotation still signs beside the new one, in milliseconds. */
const overlapMillis = 24 * 60 * 60 * 1_000;

/** The answer to a rotation. */
export const rotatedSecretOutput = z.strictObject({
  secret: described(
    z.optional(z.string()),
    'whsec_… of Standard Webhooks. Shown once: a replay under the same idempotency key leaves it out.',
  ),
  previousSecretExpiresAt: described(
    z.nullable(z.string()),
    'Until then calls carry a signature of the secret before this one too.',
  ),
});
export type RotatedSecret = z.infer<typeof rotatedSecretOutput>;

/**
 * A new secret for a type. The one before stays in use for a day, so that a receiver can change over without
 * losing a call; rotating again within that day ends the older of the two.
 * @throws {Problem} `not_found`, `forbidden` for a key of other types, `conflict` for a type that calls nobody
 */
export async function planRotation(type: string, actor: Actor): Promise<WritePlan<RotatedSecret>> {
  const { executor } = await getType(type, actor);
  if (executor !== 'http') {
    throw new Problem('conflict', `The task type ${type} has no secret: it is done by: ${executor}`);
  }
  const { tenantId } = actor.caller;
  const before = (await getItem('platform', secretKey(tenantId, type))) as SecretItem | undefined;
  const secret = newSigningSecret();
  const previousSecretExpiresAt = before ? new Date(now().getTime() + overlapMillis).toISOString() : null;
  const after = {
    current: await seal(secret, ownerOf(tenantId, type)),
    ...(before && { previous: before.current, previousExpiresAt: previousSecretExpiresAt }),
    rotation: (before?.rotation ?? 0) + 1,
  } as Omit<SecretItem, 'pk' | 'sk'>;
  return {
    result: { secret, previousSecretExpiresAt },
    writes: [
      putSecrets(tenantId, type, after, before?.rotation),
      auditWrite(actor, { action: 'rotated', entity: 'task_type', id: type }),
    ],
  };
}
