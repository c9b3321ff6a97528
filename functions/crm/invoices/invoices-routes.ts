import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';
import { invoice } from './invoice.ts';
import { invoiceActionInputs } from './invoice-action-input.ts';
import { paymentInput, paymentOutput } from './payment.ts';

const common = { function: 'crm', permission: 'records:write', tag: 'invoices' } as const;
const found = { description: 'The invoice', schema: invoice.output };

export const invoiceRoutes: Route[] = [
  {
    ...common,
    operation: 'finalizeInvoice',
    method: 'POST',
    path: '/api/v1/invoices/{id}/finalize',
    summary: 'Issue a draft: it is open from now on, or paid when it comes to nothing',
    body: invoiceActionInputs.finalize,
    conditional: true,
    responses: { 200: found },
  },
  {
    ...common,
    operation: 'voidInvoice',
    method: 'POST',
    path: '/api/v1/invoices/{id}/void',
    summary: 'Void an invoice without payments; its order can be invoiced again',
    body: invoiceActionInputs.void,
    conditional: true,
    responses: { 200: found },
  },
  {
    ...common,
    operation: 'markInvoiceUncollectible',
    method: 'POST',
    path: '/api/v1/invoices/{id}/mark-uncollectible',
    summary: 'Give up an open invoice; it can still be paid',
    body: invoiceActionInputs['mark-uncollectible'],
    conditional: true,
    responses: { 200: found },
  },
  {
    ...common,
    operation: 'payInvoice',
    method: 'POST',
    path: '/api/v1/invoices/{id}/payments',
    summary: 'Record a payment of all or a part of what is due',
    body: paymentInput,
    conditional: true,
    responses: { 201: found },
  },
  {
    ...common,
    operation: 'listInvoicePayments',
    method: 'GET',
    path: '/api/v1/invoices/{id}/payments',
    permission: 'records:read',
    summary: 'The payments of an invoice, oldest first',
    responses: {
      200: {
        description: 'All of them, at most 100',
        schema: z.object({
          data: z.array(paymentOutput),
          page: z.object({ nextCursor: z.null() }),
        }),
      },
    },
  },
  {
    ...common,
    operation: 'removeInvoicePayment',
    method: 'DELETE',
    path: '/api/v1/invoices/{id}/payments/{paymentId}',
    summary: 'Take back a payment that was recorded by mistake or bounced',
    conditional: true,
    responses: { 200: found },
  },
];
