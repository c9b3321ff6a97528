/** What becomes of an invoice; document-states.ts of the orders has the ways between them. */
export const invoiceStatuses = ['draft', 'open', 'paid', 'void', 'uncollectible'] as const;

export type InvoiceStatus = (typeof invoiceStatuses)[number];
