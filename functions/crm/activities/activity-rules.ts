import type { RecordRules } from '../records/rules.ts';
import { contactedWrites } from './last-contact.ts';

/** What happened is told to the contact in the same transaction; a planned meeting is, when its outcome is entered. */
export const activityRules: RecordRules = {
  watched: ['kind', 'occurredAt', 'outcome'],
  async create(draft, actor) {
    const record = { ...draft, occurredAt: draft.occurredAt ?? draft.createdAt };
    return { record, writes: await contactedWrites(record, actor) };
  },
  async update(_before, draft, actor) {
    return { record: draft, writes: await contactedWrites(draft, actor) };
  },
};
