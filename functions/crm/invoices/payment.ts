import * as z from 'zod/mini';
import { amount, currency, largestAmount } from '../../shared/money/money-fields.ts';
import { clearable, pastInstant, text } from '../records/fields.ts';

/** Payments are kept on the invoice's own item, so that recording one is one write; this many fit easily. */
export const maxPayments = 100;

/** The body of `POST /invoices/{id}/payments`. */
export const paymentInput = z.strictObject({
  amount: z.int().check(z.gte(1), z.lte(largestAmount)),
  ...clearable({
    /** Must be the invoice's own. */
    currency,
    method: text(50),
    paidAt: pastInstant,
    reference: text(200),
  }),
});

/** A payment as it is kept and answered. */
export const paymentOutput = z.strictObject({
  id: z.string(),
  amount,
  method: z.nullable(z.string()),
  reference: z.nullable(z.string()),
  paidAt: z.string(),
  recordedAt: z.string(),
  recordedBy: z.string(),
});

export type PaymentInput = z.infer<typeof paymentInput>;
export type Payment = z.infer<typeof paymentOutput>;
