import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { tenantSettings } from '../settings/find-settings.ts';
import { scoreOf } from './lead-score.ts';

/**
 * The score that a contact has after some of its members change, to be written with them; nothing where the tenant
 * does not compute scores. What is written is to be conditional on the version of the contact that was read.
 * @param contact as it stands
 */
export async function scoreAfter(
  contact: Record<string, unknown>,
  members: Record<string, unknown>,
  { caller }: Actor,
): Promise<{ score?: number }> {
  const { leadScore } = await tenantSettings(caller.tenantId);
  return leadScore ? { score: scoreOf({ ...contact, ...members }, leadScore, now().getTime()).score } : {};
}
