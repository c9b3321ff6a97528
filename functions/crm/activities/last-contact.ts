import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { contact } from '../contacts/contact.ts';
import { scoreAfter } from '../contacts/scored-members.ts';
import { livingOf } from '../records/aliases.ts';
import type { CrmRecord } from '../records/entity.ts';
import { memberUpdate } from '../records/member-update.ts';
import { livingCondition, recordKey } from '../records/record-item.ts';

/**
 * What an activity does to its contact: `lastContactedAt` moves forward to when it took place, never back.
 * A note is written about somebody, not to them, and what lies ahead has not happened.
 * @returns nothing to write when the contact has been spoken to since; one read of it, otherwise
 */
export async function contactedWrites(activity: CrmRecord, actor: Actor): Promise<PlannedWrite[]> {
  const contactId = contactedBy(activity);
  if (contactId === undefined) return [];
  const at = String(activity.occurredAt);
  const { tenantId } = actor.caller;
  // References to a contact that was merged a moment ago may still be on their way.
  const found = await getItem('crm', recordKey(contact, tenantId, contactId));
  const item = await livingOf(contact, tenantId, found);
  // A contact that is not there is refused by the check of the reference.
  if (!item || String(item.lastContactedAt ?? '') >= at) return [];
  const id = String(item.id);
  const members = { lastContactedAt: at };
  const scored = await scoreAfter(item, members, actor);
  const earlier = 'attribute_not_exists(lastContactedAt) OR lastContactedAt < :at';
  return [
    {
      write: {
        kind: 'update',
        table: 'crm',
        key: recordKey(contact, tenantId, id),
        update: memberUpdate(contact, id, { ...members, ...scored }, actor),
        // A score is that of the contact as it was read.
        condition: {
          text: `${livingCondition} AND (${earlier})${scored.score === undefined ? '' : ' AND #version = :version'}`,
          values: { ':at': at, ...(scored.score !== undefined && { ':version': item.version }) },
        },
      },
      rank: at,
    },
  ];
}

/** The contact that an activity reached; undefined when it reached nobody, or has not yet. */
export function contactedBy(activity: Record<string, unknown>, now = instant()): string | undefined {
  const { kind, contactId, occurredAt } = activity;
  if (kind === 'note' || typeof contactId !== 'string') return undefined;
  return typeof occurredAt === 'string' && occurredAt <= now ? contactId : undefined;
}
