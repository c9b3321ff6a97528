import * as z from 'zod/mini';
import { countedFields } from '../../shared/counted-fields.ts';
import { amount, currency } from '../../shared/money/money-fields.ts';
import { wholeNumber } from '../../tasks/fields.ts';
import { customMember } from '../custom-fields/custom-field.ts';
import { customRules } from '../custom-fields/custom-rules.ts';
import { stageKinds } from '../pipelines/stages.ts';
import { allRules } from '../records/all-rules.ts';
import { defineEntity, instantOperators, memberFilter } from '../records/define-entity.ts';
import { memberId, pastInstant, reference, tags, text } from '../records/fields.ts';
import { dealRules } from './deal-rules.ts';
import { isRotting, rottingFilters } from './rotting.ts';

/** A stage that a deal has come into. */
const stageEntry = z.strictObject({
  pipelineId: z.string(),
  stageId: z.string(),
  at: z.string(),
  by: z.string(),
});

/** A sale that may come about. Its status follows from its stage. */
export const deal = defineEntity({
  entity: 'deal',
  collection: 'deals',
  idPrefix: 'deal',
  label: 'title',
  required: { title: text(200) },
  defaulted: {
    currency: { schema: currency, value: null },
    pipelineId: { schema: reference('pipe'), value: null },
    stageId: { schema: z.string().check(z.maxLength(40)), value: null },
    probability: { schema: wholeNumber(0, 100), value: null },
    tags: { schema: tags, value: [] },
    custom: { schema: customMember, value: {} },
  },
  optional: {
    amount,
    expectedCloseOn: z.iso.date({ error: 'must be a date such as 2026-01-31' }),
    closedAt: pastInstant,
    wonReason: text(1_000),
    lostReason: text(1_000),
    contactId: reference('con'),
    companyId: reference('com'),
    ownerId: memberId,
    notes: text(20_000),
  },
  derived: {
    status: z.enum(stageKinds),
    stageEnteredAt: z.string(),
    stageHistory: z.array(stageEntry),
    /** When it has been in its stage for too long. */
    rottingAt: z.string(),
  },
  computed: { rotting: { schema: z.boolean(), of: isRotting } },
  unique: [],
  references: [
    { field: 'contactId', entity: 'contact' },
    { field: 'companyId', entity: 'company' },
    { field: 'pipelineId', entity: 'pipeline', checkedByRules: true },
  ],
  nested: { custom: 'by name' },
  partitions: [
    // A column of a board; two pipelines may have stages of the same id. Deals refer to no deal.
    { field: 'stageId', within: 'pipelineId', index: 'byDeal', attribute: 'dealPk' },
    { field: 'contactId', index: 'byContact', attribute: 'contactPk' },
    { field: 'companyId', index: 'byCompany', attribute: 'companyPk' },
    { field: 'ownerId', index: 'byOwner', attribute: 'ownerPk' },
    { field: 'stageId', index: 'byStage', attribute: 'stagePk' },
    { field: 'status', index: 'byStatus', attribute: 'statusPk' },
  ],
  sorted: {
    amount: { index: 'byAmount', kind: 'amount' },
    expectedCloseOn: { index: 'byDate', kind: 'text' },
  },
  search: ['title'],
  rules: allRules(customRules('deal'), dealRules),
  counted: [...countedFields.deal],
  filters: {
    status: { type: 'text', values: stageKinds, operators: ['eq', 'ne', 'in'] },
    pipelineId: { type: 'text', operators: ['eq', 'in'] },
    stageId: { type: 'text', operators: ['eq', 'in'] },
    contactId: { type: 'text', operators: ['eq', 'in'] },
    companyId: { type: 'text', operators: ['eq', 'in'] },
    ownerId: memberFilter,
    currency: { type: 'text', operators: ['eq', 'in'] },
    tags: { type: 'tag', operators: ['eq', 'ne'], description: 'Has the tag' },
    amount: { type: 'integer', operators: instantOperators },
    probability: { type: 'integer', operators: instantOperators },
    expectedCloseOn: { type: 'date', operators: ['eq', ...instantOperators] },
    closedAt: { type: 'instant', operators: instantOperators },
    rotting: {
      type: 'boolean',
      operators: ['eq'],
      values: ['true'],
      standsFor: rottingFilters,
      description: 'Longer in an open stage than its `rotDays`',
    },
  },
});
