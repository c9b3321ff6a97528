import * as z from 'zod/mini';
import { amount, basisPoints } from '../../shared/money/money-fields.ts';
import { clearable, reference, text } from '../records/fields.ts';

/** Lines of one order or invoice. */
const maxLines = 100;
const maxQuantity = 1_000_000_000;

const quantity = z.int().check(z.gte(1), z.lte(maxQuantity));

/** A line as it is sent; what is left out comes from its product. */
const lineInput = z.strictObject({
  quantity,
  ...clearable({
    productId: reference('prd'),
    description: text(500),
    unitPrice: amount,
    discountBps: basisPoints,
    taxRateBps: basisPoints,
  }),
});

export type LineInput = z.infer<typeof lineInput>;

export const linesInput = z.array(lineInput).check(z.minLength(1), z.maxLength(maxLines));

/** A line as it is kept and answered. */
const line = z.strictObject({
  productId: z.nullable(z.string()),
  description: z.string(),
  quantity,
  unitPrice: amount,
  discountBps: basisPoints,
  taxRateBps: basisPoints,
  /** quantity × unitPrice. */
  subtotal: amount,
  discount: amount,
  tax: amount,
  /** subtotal − discount + tax. */
  total: amount,
});

export type DocumentLine = z.infer<typeof line>;

export const linesOutput = z.array(line);

/** What follows from the lines and the shipping. */
export const totalsShape = {
  subtotal: amount,
  discount: amount,
  tax: amount,
  /** subtotal − discount + tax + shipping. */
  total: amount,
  taxSummary: z.array(z.strictObject({ taxRateBps: basisPoints, taxable: amount, tax: amount })),
};
