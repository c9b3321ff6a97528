import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import type { WritePlan } from '../../shared/write-plan.ts';
import { described, wholeNumber } from '../../tasks/fields.ts';
import type { CrmRecord } from '../records/entity.ts';
import { reference, text } from '../records/fields.ts';
import { getRecord } from '../records/find-records.ts';
import { planChange } from '../records/patch-record.ts';
import { deal } from './deal.ts';

/** What may be said of a move. */
export const moveInput = z.strictObject({
  stageId: z.string().check(z.minLength(1), z.maxLength(40)),
  pipelineId: described(z.optional(reference('pipe')), 'Its own pipeline when left out.'),
  probability: described(z.optional(wholeNumber(0, 100)), "The stage's own when left out."),
  lostReason: described(z.optional(text(1_000)), 'Needed to lose a deal.'),
  wonReason: z.optional(text(1_000)),
});
export type MoveInput = z.infer<typeof moveInput>;

/**
 * Moves a deal; what follows is in deal-rules.ts, the same as for a patch of its stage. A deal that stands there
 * already is left as it is, so that a move can be repeated.
 * @throws {Problem} `not_found`, `precondition_failed`, `validation_failed`
 */
export async function planMove(
  id: string,
  move: MoveInput,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<CrmRecord>> {
  const before = await getRecord(deal, id, actor);
  requireVersion(ifMatch, before.version);
  const changes = Object.entries(move).some(
    ([field, value]) => value !== undefined && !isDeepStrictEqual(before[field], value),
  );
  return changes ? planChange(deal, before, move, actor) : { result: before, writes: [] };
}
