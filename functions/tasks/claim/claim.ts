import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { requestFingerprint } from '../../shared/idempotency.ts';
import { validationFailed } from '../../shared/problem.ts';
import { described, line, typeName, wholeNumber } from '../fields.ts';
import { hasRoom } from '../limits/reserve.ts';
import type { TaskItem } from '../task.ts';
import type { TaskType } from '../types/task-type.ts';
import { requireType } from '../types/type-registry.ts';
import { requireTypeScope } from '../types/type-scope.ts';
import { lookForTasks } from './claim-look.ts';
import { type ClaimRecord, ClaimRepeated, repeatClaim } from './claim-record.ts';
import { pollPause } from './poll-pace.ts';

export const claimInput = z.strictObject({
  types: z.array(typeName).check(z.minLength(1), z.maxLength(10)),
  workerId: described(line(128), 'Names the worker in the history of its tasks.'),
  max: z._default(wholeNumber(1, 25), 1),
  leaseSeconds: described(z.optional(wholeNumber(1, 43_200)), "The type's own when left out."),
  waitSeconds: described(z._default(wholeNumber(0, 20), 0), 'Waits this long for a task when there is none.'),
  claimId: described(
    z.optional(line(100)),
    'Repeating a claim with the same id gives the leases that it got, so a lost answer loses nothing.',
  ),
  order: described(
    z._default(z.enum(['rank', 'newest']), 'rank'),
    '`rank`: by ready time less the head start of the priority. `newest`: the other way round.',
  ),
});

export type ClaimInput = z.infer<typeof claimInput>;

/**
 * A claim that waits looks this seldom, about once a second, whether another request has leased under its id: one
 * whose connection broke while it waited may still be at it.
 */
const pollsPerRecordLook = 20;

/**
 * Leases tasks: one Query a type and one UpdateItem a task; an empty list when there is nothing to do.
 * @param untilMillis when waiting has to end at the latest, epoch milliseconds
 * @throws {Problem} `validation_failed`, `forbidden`, `idempotency_mismatch`
 */
export async function claimTasks(input: ClaimInput, actor: Actor, untilMillis: number): Promise<TaskItem[]> {
  let types = await claimableTypes(input, actor);
  const record = input.claimId === undefined ? undefined : recordOf(input.claimId, input);
  const waitUntil = Math.min(untilMillis, now().getTime() + input.waitSeconds * 1_000);
  let full: readonly string[] = [];
  try {
    for (let poll = 1; ; poll += 1) {
      const open = await exceptFull(types, full, actor);
      const outcome = await lookForTasks(input, open, record, actor);
      if (outcome.tasks.length > 0) return outcome.tasks;
      const closed = types.filter((type) => !open.includes(type));
      full = [...outcome.full, ...closed].map(({ name }) => name);
      const left = waitUntil - now().getTime();
      if (record && !record.written && (poll % pollsPerRecordLook === 1 || left <= 0)) {
        const earlier = await repeatClaim(record, actor, waitUntil);
        if (earlier) return earlier;
      }
      if (left <= 0) return [];
      const queries = types.reduce((sum, { readyShards }) => sum + readyShards, 0);
      const pause = Math.min(left, pollPause(queries));
      await new Promise((resolve) => setTimeout(resolve, pause));
      // From the cache, so that a limit that has changed meanwhile holds for who was waiting already.
      types = await claimableTypes(input, actor);
    }
  } catch (error) {
    if (error instanceof ClaimRepeated && record) return (await repeatClaim(record, actor, waitUntil)) ?? [];
    throw error;
  }
}

function recordOf(claimId: string, { types, workerId, max, leaseSeconds, order }: ClaimInput): ClaimRecord {
  const fingerprint = requestFingerprint(types.join(), workerId, String(max), String(leaseSeconds), order);
  return { claimId, fingerprint, written: false };
}

async function claimableTypes({ types }: ClaimInput, { caller }: Actor): Promise<TaskType[]> {
  for (const name of types) requireTypeScope(caller, name);
  return Promise.all(
    [...new Set(types)].map(async (name) => {
      const pointer = `/types/${types.indexOf(name)}`;
      const type = await requireType(caller.tenantId, name, pointer);
      if (type.executor === 'worker') return type;
      throw validationFailed([
        {
          pointer,
          code: 'not_claimable',
          message: `${name} is not done by workers but by: ${type.executor}`,
        },
      ]);
    }),
  );
}

/** A type that had no room at the last look is left out until it has: one Query instead of two or three. */
async function exceptFull(
  types: readonly TaskType[],
  full: readonly string[],
  { caller }: Actor,
): Promise<readonly TaskType[]> {
  if (full.length === 0) return types;
  const nowMillis = now().getTime();
  const open = await Promise.all(
    types.map(async (type) =>
      !full.includes(type.name) || (await hasRoom(caller.tenantId, type, nowMillis)) ? [type] : [],
    ),
  );
  return open.flat();
}
