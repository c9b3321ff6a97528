import * as z from 'zod/mini';
import { countedFields } from '../../shared/counted-fields.ts';
import { amount, currency } from '../../shared/money/money-fields.ts';
import { linesInput, linesOutput, totalsShape } from '../orders/document-lines.ts';
import { defineEntity } from '../records/define-entity.ts';
import { pastInstant, reference, tags, text } from '../records/fields.ts';
import { invoiceRules } from './invoice-rules.ts';
import { invoiceStatuses } from './invoice-statuses.ts';
import { isOverdue, overdueFilters } from './overdue.ts';
import { paymentOutput } from './payment.ts';

const comparisons = ['gt', 'gte', 'lt', 'lte'] as const;

/** What a customer owes. Made from an order exactly once, or of lines of its own; payments are kept with it. */
export const invoice = defineEntity({
  entity: 'invoice',
  collection: 'invoices',
  idPrefix: 'inv',
  numberPrefix: 'INV',
  label: 'number',
  required: {},
  defaulted: {
    status: { schema: z.enum(['draft', 'open', 'paid']), value: 'draft' },
    shipping: { schema: amount, value: 0 },
    tags: { schema: tags, value: [] },
  },
  optional: {
    lines: linesInput,
    orderId: reference('ord'),
    contactId: reference('con'),
    companyId: reference('com'),
    currency,
    reference: text(100),
    dueOn: z.iso.date({ error: 'must be a date such as 2026-01-31' }),
    notes: text(20_000),
    /** When it was finalized; for an invoice that is brought over. */
    issuedAt: pastInstant,
    paidAt: pastInstant,
  },
  derived: {
    number: z.string(),
    ...totalsShape,
    amountPaid: amount,
    amountDue: amount,
    payments: z.array(paymentOutput),
    voidedAt: z.string(),
    voidReason: z.string(),
    uncollectibleAt: z.string(),
  },
  computed: { overdue: { schema: z.boolean(), of: isOverdue } },
  answered: { lines: linesOutput, status: z.enum(invoiceStatuses) },
  createOnly: ['status', 'orderId', 'issuedAt', 'paidAt'],
  unique: [],
  references: [
    { field: 'orderId', entity: 'order', checkedByRules: true },
    { field: 'contactId', entity: 'contact' },
    { field: 'companyId', entity: 'company' },
  ],
  nested: {},
  partitions: [
    // An order has few invoices, and no other index is free.
    { field: 'orderId', index: 'byDeal', attribute: 'dealPk' },
    { field: 'contactId', index: 'byContact', attribute: 'contactPk' },
    { field: 'companyId', index: 'byCompany', attribute: 'companyPk' },
    { field: 'status', index: 'byStatus', attribute: 'statusPk' },
  ],
  sorted: {
    total: { index: 'byAmount', kind: 'amount' },
    dueOn: { index: 'byDate', kind: 'text' },
  },
  search: ['number', 'reference'],
  rules: invoiceRules,
  counted: [...countedFields.invoice],
  filters: {
    status: { type: 'text', values: invoiceStatuses, operators: ['eq', 'ne', 'in'] },
    orderId: { type: 'text', operators: ['eq', 'in'] },
    contactId: { type: 'text', operators: ['eq', 'in'] },
    companyId: { type: 'text', operators: ['eq', 'in'] },
    reference: { type: 'text', operators: ['eq', 'in'] },
    currency: { type: 'text', operators: ['eq', 'in'] },
    total: { type: 'integer', operators: comparisons },
    amountDue: { type: 'integer', operators: comparisons },
    dueOn: { type: 'date', operators: ['eq', ...comparisons] },
    issuedAt: { type: 'instant', operators: comparisons },
    overdue: {
      type: 'boolean',
      operators: ['eq'],
      values: ['true'],
      standsFor: overdueFilters,
      description: 'Open and due before today (UTC)',
    },
    tags: { type: 'tag', operators: ['eq', 'ne'], description: 'Has the tag' },
  },
});
