import type { Route } from '../../shared/route.ts';
import { invoice } from '../invoices/invoice.ts';
import { invoiceOrderInput } from '../invoices/invoice-action-input.ts';
import type { OrderAction } from './document-states.ts';
import { order } from './order.ts';
import { orderActionInputs } from './order-action-input.ts';

const summaries: Record<OrderAction, string> = {
  confirm: 'Confirm an order: its prices stand and its products are taken from stock',
  ship: 'An order is on its way',
  deliver: 'An order has arrived',
  cancel: 'Cancel an order that is not shipped; what was taken from stock is given back',
  refund: 'Refund an order that was shipped',
};

const actionRoutes = (Object.keys(summaries) as OrderAction[]).map(
  (action): Route => ({
    operation: `${action}Order`,
    method: 'POST',
    path: `/api/v1/orders/{id}/${action}`,
    function: 'crm',
    permission: 'records:write',
    tag: 'orders',
    summary: summaries[action],
    body: orderActionInputs[action],
    conditional: true,
    responses: { 200: { description: 'The order', schema: order.output } },
  }),
);

export const orderRoutes: Route[] = [
  ...actionRoutes,
  {
    operation: 'invoiceOrder',
    method: 'POST',
    path: '/api/v1/orders/{id}/invoice',
    function: 'crm',
    permission: 'records:write',
    tag: 'orders',
    summary: 'Make the invoice of an order, once',
    body: invoiceOrderInput,
    conditional: true,
    responses: { 201: { description: 'The invoice', schema: invoice.output } },
  },
];
