import { contact } from '../../crm/contacts/contact.ts';
import { scoreOf } from '../../crm/contacts/lead-score.ts';
import { memberUpdate } from '../../crm/records/member-update.ts';
import { isLiving, livingCondition, recordKey } from '../../crm/records/record-item.ts';
import { readSettings } from '../../crm/settings/find-settings.ts';
import type { LeadScoreWeights } from '../../crm/settings/settings.ts';
import { type Actor, systemActor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import {
  ConditionFailed,
  getItem,
  type QueryResult,
  queryPage,
  updateItem,
} from '../../shared/dynamo/table.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import type { BuiltinContext, BuiltinOutcome } from '../builtin.ts';

/** Contacts between two checkpoints, and at work at once. */
const pageSize = 200;
const concurrency = 16;
const attempts = 10;

interface RescoreState {
  /** Version of the settings that it goes by. */
  settings: number;
  /** The last contact that is done. */
  after: string | null;
  seen: number;
  changed: number;
}

/**
 * Computes the score of every contact anew; see POST /api/v1/contacts/rescore. Its result is `{contacts, changed}`.
 * Doing a contact twice changes nothing, so a run after a crash goes on from the last page.
 */
export async function rescoreContacts(context: BuiltinContext): Promise<BuiltinOutcome> {
  const { task } = context;
  const actor = systemActor(task.tenantId, context.requestId);
  const first = { settings: -1, after: null, seen: 0, changed: 0 };
  const state: RescoreState = task.checkpoint ? (JSON.parse(task.checkpoint) as RescoreState) : first;
  for (;;) {
    const { version, leadScore } = await readSettings(task.tenantId);
    if (version !== state.settings) Object.assign(state, first, { settings: version });
    if (!leadScore) break;
    const { items, lastKey } = await nextPage(task.tenantId, state.after);
    const changed = await mapConcurrently(items, concurrency, (item) => rescore(item, leadScore, actor));
    state.seen += items.length;
    state.changed += changed.filter((isChanged) => isChanged).length;
    if (!lastKey) break;
    state.after = String(lastKey.sk);
    const cancelled = await context.report(progressOf(state), JSON.stringify(state));
    if (cancelled || context.remainingMillis() <= 0) return { checkpoint: JSON.stringify(state) };
  }
  return {
    result: { contacts: state.seen, changed: state.changed },
    progress: { ...progressOf(state), percent: 100 },
  };
}

const progressOf = ({ seen, changed }: RescoreState) => ({
  message: `${seen} contacts, ${changed} with another score`,
});

/** The contacts after one, in the order in which they were made: all that are made meanwhile are scored already. */
function nextPage(tenantId: string, after: string | null): Promise<QueryResult> {
  const pk = `${tenantId}#${contact.entity}`;
  return queryPage({
    table: 'crm',
    key: { text: 'pk = :pk', values: { ':pk': pk } },
    limit: pageSize,
    consistent: true,
    ...(after !== null && { startKey: { pk, sk: after } }),
  });
}

/** @returns true when it had another score */
async function rescore(found: Item, weights: LeadScoreWeights, actor: Actor): Promise<boolean> {
  let item: Item | undefined = found;
  for (let attempt = 1; ; attempt += 1) {
    if (!isLiving(item)) return false;
    const { score } = scoreOf(item, weights, now().getTime());
    if (score === item.score) return false;
    const id = String(item.id);
    const key = recordKey(contact, actor.caller.tenantId, id);
    try {
      await updateItem('crm', key, memberUpdate(contact, id, { score }, actor), {
        text: `${livingCondition} AND #version = :version`,
        values: { ':version': item.version },
      });
      return true;
    } catch (error) {
      if (!(error instanceof ConditionFailed) || attempt === attempts) throw error;
      item = await getItem('crm', key);
    }
  }
}
