import * as z from 'zod/mini';
import { clearable, text } from '../records/fields.ts';

const dueOn = z.iso.date({ error: 'must be a date such as 2026-01-31' });

/** The body of `POST /orders/{id}/invoice`. */
export const invoiceOrderInput = z.strictObject({
  ...clearable({ dueOn, notes: text(20_000) }),
  /** Issues the invoice at once. */
  finalize: z._default(z.boolean(), false),
});
export type InvoiceOrderInput = z.infer<typeof invoiceOrderInput>;

/** The bodies of the actions; every member may be left out. */
export const invoiceActionInputs = {
  finalize: z.strictObject(clearable({ dueOn })),
  void: z.strictObject(clearable({ reason: text(1_000) })),
  'mark-uncollectible': z.strictObject({}),
};

/** What any of the actions may be told. */
export interface InvoiceActionInput {
  dueOn?: string | null;
  reason?: string | null;
}
