import * as z from 'zod/mini';
import { countedFields } from '../../shared/counted-fields.ts';
import { amount, currency } from '../../shared/money/money-fields.ts';
import { defineEntity } from '../records/define-entity.ts';
import { instant, pastInstant, reference, tags, text } from '../records/fields.ts';
import { linesInput, linesOutput, totalsShape } from './document-lines.ts';
import { orderRules } from './order-rules.ts';
import { orderStatuses } from './order-statuses.ts';

const comparisons = ['gt', 'gte', 'lt', 'lte'] as const;

/** What a customer wants. Its number has no gaps; prices are frozen when it is confirmed, which takes its stock. */
export const order = defineEntity({
  entity: 'order',
  collection: 'orders',
  idPrefix: 'ord',
  numberPrefix: 'ORD',
  label: 'number',
  required: { lines: linesInput },
  defaulted: {
    status: { schema: z.enum(['draft', 'confirmed', 'shipped', 'delivered']), value: 'draft' },
    shipping: { schema: amount, value: 0 },
    tags: { schema: tags, value: [] },
  },
  optional: {
    contactId: reference('con'),
    companyId: reference('com'),
    currency,
    /** The customer's or another system's own number. */
    reference: text(100),
    trackingNumber: text(100),
    notes: text(20_000),
    placedAt: instant,
    confirmedAt: pastInstant,
    shippedAt: pastInstant,
    deliveredAt: pastInstant,
  },
  derived: {
    number: z.string(),
    ...totalsShape,
    /** The products of the lines. */
    productIds: z.array(z.string()),
    /** What has been taken out of stock and is not given back. */
    stockTaken: z.array(z.strictObject({ productId: z.string(), quantity: z.int() })),
    invoiceId: z.string(),
    cancelledAt: z.string(),
    cancelReason: z.string(),
    refundedAt: z.string(),
    refundReason: z.string(),
  },
  answered: { lines: linesOutput, status: z.enum(orderStatuses) },
  createOnly: ['status', 'confirmedAt', 'shippedAt', 'deliveredAt'],
  unique: [],
  references: [
    { field: 'contactId', entity: 'contact' },
    { field: 'companyId', entity: 'company' },
  ],
  nested: {},
  partitions: [
    { field: 'contactId', index: 'byContact', attribute: 'contactPk' },
    { field: 'companyId', index: 'byCompany', attribute: 'companyPk' },
    { field: 'status', index: 'byStatus', attribute: 'statusPk' },
  ],
  sorted: {
    total: { index: 'byAmount', kind: 'amount' },
    placedAt: { index: 'byDate', kind: 'text' },
  },
  search: ['number', 'reference'],
  rules: orderRules,
  counted: [...countedFields.order],
  filters: {
    status: { type: 'text', values: orderStatuses, operators: ['eq', 'ne', 'in'] },
    contactId: { type: 'text', operators: ['eq', 'in'] },
    companyId: { type: 'text', operators: ['eq', 'in'] },
    productId: {
      type: 'tag',
      operators: ['eq'],
      attribute: 'productIds',
      description: 'Has a line of the product',
    },
    invoiceId: { type: 'text', operators: ['eq'] },
    reference: { type: 'text', operators: ['eq', 'in'] },
    currency: { type: 'text', operators: ['eq', 'in'] },
    total: { type: 'integer', operators: comparisons },
    placedAt: { type: 'instant', operators: comparisons },
    shippedAt: { type: 'instant', operators: comparisons },
    tags: { type: 'tag', operators: ['eq', 'ne'], description: 'Has the tag' },
  },
});
