import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { countedFields, type FollowedEntity } from '../../shared/counted-fields.ts';
import { type CommitEnqueue, type Enqueued, enqueueBuiltin } from '../enqueue/enqueue.ts';
import { described } from '../fields.ts';
import { requireAllTypes } from '../types/type-scope.ts';

export const recountType = 'counters.rebuild';

export const recountedEntities = Object.keys(countedFields) as FollowedEntity[];

export const recountInput = z.strictObject({
  entities: described(
    z.optional(
      z.array(z.enum(recountedEntities)).check(z.minLength(1), z.maxLength(recountedEntities.length)),
    ),
    'All entities when left out.',
  ),
});

export type RecountInput = z.infer<typeof recountInput>;

/**
 * Enqueues a recount of the tenant's counters. While one is at work it is answered instead of a second one.
 * @throws {Problem} `forbidden` for a key of some task types
 */
export async function createRecount(
  input: RecountInput,
  actor: Actor,
  commit: CommitEnqueue,
): Promise<Enqueued> {
  requireAllTypes(actor.caller, 'counters');
  return enqueueBuiltin(
    { type: recountType, input, title: 'Recount of the counters', priority: 0, dedupeKey: recountType },
    actor,
    commit,
  );
}
