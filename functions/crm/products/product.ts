import * as z from 'zod/mini';
import { countedFields } from '../../shared/counted-fields.ts';
import { amount, basisPoints, currency } from '../../shared/money/money-fields.ts';
import { defineEntity } from '../records/define-entity.ts';
import { text } from '../records/fields.ts';
import { productRules } from './product-rules.ts';

/** Pieces of one product. */
export const maxStock = 1_000_000_000;

const comparisons = ['gt', 'gte', 'lt', 'lte'] as const;

/** SKUs are compared without case. */
function skuKey(sku: string): string {
  return sku.trim().toUpperCase();
}

/** What is sold. Its SKU is unique in the tenant; a stock of `null` is not tracked. */
export const product = defineEntity({
  entity: 'product',
  collection: 'products',
  idPrefix: 'prd',
  required: { name: text(200) },
  defaulted: { active: { schema: z.boolean(), value: true } },
  optional: {
    sku: text(100),
    description: text(5_000),
    unitPrice: amount,
    currency,
    taxRateBps: basisPoints,
    stock: z.int().check(z.gte(0), z.lte(maxStock)),
  },
  derived: {
    /** Why the stock was last adjusted. */
    stockReason: z.string(),
  },
  unique: [{ field: 'sku', normalise: skuKey }],
  references: [],
  nested: {},
  partitions: [{ field: 'active', index: 'byStatus', attribute: 'statusPk' }],
  sorted: {
    unitPrice: { index: 'byAmount', kind: 'amount' },
    stock: { index: 'byDate', kind: 'amount' },
  },
  search: ['name', 'sku'],
  rules: productRules,
  counted: [...countedFields.product],
  filters: {
    active: { type: 'boolean', operators: ['eq'] },
    sku: { type: 'text', operators: ['eq'], description: 'The SKU, whatever its case' },
    currency: { type: 'text', operators: ['eq', 'in'] },
    unitPrice: { type: 'integer', operators: comparisons },
    stock: { type: 'integer', operators: comparisons, description: 'Tracked stock; low with [lte]' },
  },
});
