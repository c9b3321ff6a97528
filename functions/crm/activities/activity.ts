import * as z from 'zod/mini';
import { countedFields } from '../../shared/counted-fields.ts';
import { defineEntity, instantOperators } from '../records/define-entity.ts';
import { instant, reference, text } from '../records/fields.ts';
import { activityRules } from './activity-rules.ts';

export const activityKinds = ['call', 'email', 'meeting', 'note'] as const;

/** Minutes of a week: longer than any meeting. */
const maxMinutes = 7 * 24 * 60;

/** Something that happened with a customer, or is going to: a call, an e-mail, a meeting, a note. */
export const activity = defineEntity({
  entity: 'activity',
  collection: 'activities',
  idPrefix: 'act',
  label: 'subject',
  required: { kind: z.enum(activityKinds) },
  // Without a value of its own it is the time of the request, which the rules know.
  defaulted: { occurredAt: { schema: instant, value: undefined } },
  optional: {
    subject: text(200),
    body: text(20_000),
    durationMinutes: z.int().check(z.gte(0), z.lte(maxMinutes)),
    outcome: text(100),
    contactId: reference('con'),
    companyId: reference('com'),
    dealId: reference('deal'),
  },
  unique: [],
  references: [
    { field: 'contactId', entity: 'contact' },
    { field: 'companyId', entity: 'company' },
    { field: 'dealId', entity: 'deal' },
  ],
  nested: {},
  partitions: [
    { field: 'contactId', index: 'byContact', attribute: 'contactPk' },
    { field: 'dealId', index: 'byDeal', attribute: 'dealPk' },
    { field: 'companyId', index: 'byCompany', attribute: 'companyPk' },
    { field: 'createdBy', index: 'byOwner', attribute: 'ownerPk' },
    { field: 'kind', index: 'byStatus', attribute: 'statusPk' },
  ],
  sorted: { occurredAt: { index: 'byDate', kind: 'text' } },
  search: ['subject', 'outcome'],
  rules: activityRules,
  counted: [...countedFields.activity],
  filters: {
    kind: { type: 'text', values: activityKinds, operators: ['eq', 'ne', 'in'] },
    contactId: { type: 'text', operators: ['eq', 'in'] },
    companyId: { type: 'text', operators: ['eq', 'in'] },
    dealId: { type: 'text', operators: ['eq', 'in'] },
    outcome: { type: 'text', operators: ['eq', 'in'] },
    occurredAt: { type: 'instant', operators: instantOperators },
  },
});
