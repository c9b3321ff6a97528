import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { getRecord } from '../records/find-records.ts';
import { tenantSettings } from '../settings/find-settings.ts';
import { contact } from './contact.ts';
import { type LeadScore, scoreOf } from './lead-score.ts';

export const scoreOutput = z.strictObject({
  /** As it is kept: that of the last write or rescoring. */
  score: z.nullable(z.int()),
  /** What the weights in force make of the contact now; `null` where scores are set by hand. */
  now: z.nullable(
    z.strictObject({
      score: z.int(),
      parts: z.array(z.strictObject({ what: z.string(), points: z.int() })),
    }),
  ),
});

/** Why a contact has its score. @throws {Problem} `not_found` */
export async function explainScore(
  id: string,
  actor: Actor,
): Promise<{ score: unknown; now: LeadScore | null }> {
  const record = await getRecord(contact, id, actor);
  const { leadScore } = await tenantSettings(actor.caller.tenantId);
  return {
    score: record.score,
    now: leadScore && scoreOf(record, leadScore, now().getTime()),
  };
}
