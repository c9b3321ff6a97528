import { readSettings } from '../../crm/settings/find-settings.ts';
import type { Actor } from '../../shared/actor.ts';
import { Problem } from '../../shared/problem.ts';
import { type CommitEnqueue, type Enqueued, enqueueBuiltin } from '../enqueue/enqueue.ts';
import { requireTypeScope } from '../types/type-scope.ts';

export const rescoreType = 'contacts.rescore';

/**
 * Enqueues the scoring of all contacts with the weights in force. While one is at work it is answered instead of a
 * second one; it begins anew when the weights change meanwhile.
 * @throws {Problem} `invalid_transition` where scores are not computed, `forbidden` for a key of other task types
 */
export async function createRescore(actor: Actor, commit: CommitEnqueue): Promise<Enqueued> {
  requireTypeScope(actor.caller, rescoreType);
  const { leadScore } = await readSettings(actor.caller.tenantId);
  if (!leadScore) {
    throw new Problem('invalid_transition', 'No scores are computed: the settings have no leadScore');
  }
  return enqueueBuiltin(
    { type: rescoreType, title: 'Scores of all contacts', priority: 0, dedupeKey: rescoreType },
    actor,
    commit,
  );
}
