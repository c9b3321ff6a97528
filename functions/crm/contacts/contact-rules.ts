import { now } from '../../shared/clock.ts';
import { validationFailed } from '../../shared/problem.ts';
import type { CrmRecord } from '../records/entity.ts';
import type { RecordRules } from '../records/rules.ts';
import { tenantSettings } from '../settings/find-settings.ts';
import { nextOwner } from '../settings/next-owner.ts';
import { scoreOf } from './lead-score.ts';

/** What a score is made of; a patch of one of these needs the whole contact where scores are computed. */
const scored = [
  'email',
  'phone',
  'companyId',
  'title',
  'stage',
  'source',
  'tags',
  'lastContactedAt',
  'score',
];

/** New contacts get owners in turn, and scores are computed, where the tenant's settings say so. */
export const contactRules: RecordRules = {
  watched: [],
  async watchedToo({ caller }) {
    return (await tenantSettings(caller.tenantId)).leadScore ? scored : [];
  },
  async create(draft, { caller }, input) {
    const ownerId = draft.ownerId ?? (await nextOwner(caller.tenantId, 'contacts'));
    const score = await computedScore(draft, input, null, caller.tenantId);
    return { record: { ...draft, ownerId, score }, writes: [] };
  },
  async update(before, draft, { caller }, patch) {
    const score = await computedScore(draft, patch, before.score, caller.tenantId);
    return { record: { ...draft, score }, writes: [] };
  },
};

/**
 * The score of a contact as it is going to be.
 * @param sent the members that the caller named
 * @param current its score so far, which may be sent back
 * @throws {Problem} `validation_failed` for a score by hand where scores are computed
 */
async function computedScore(
  draft: CrmRecord,
  sent: Record<string, unknown>,
  current: unknown,
  tenantId: string,
): Promise<unknown> {
  const { leadScore } = await tenantSettings(tenantId);
  if (!leadScore) return draft.score;
  if (sent.score !== undefined && sent.score !== current) {
    const message = 'is computed with the weights in the settings';
    throw validationFailed([{ pointer: '/score', code: 'read_only', message }]);
  }
  return scoreOf(draft, leadScore, now().getTime()).score;
}
