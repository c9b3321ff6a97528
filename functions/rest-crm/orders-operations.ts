import { planInvoiceOfOrder } from '../crm/invoices/plan-invoice-action.ts';
import { type OrderAction, orderTransitions } from '../crm/orders/document-states.ts';
import { planOrderAction } from '../crm/orders/plan-order-action.ts';
import { planStockChange } from '../crm/products/stock-change.ts';
import { record } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { commitPlan } from './commit-plan.ts';

const steps = (Object.keys(orderTransitions) as OrderAction[]).map((action): [string, Operation] => [
  `${action}Order`,
  (request) =>
    commitPlan(
      request,
      () => planOrderAction(action, request.path.id ?? '', request.body, request, request.ifMatch),
      (order) => record(200, order),
    ),
]);

/** What orders and products do beside being records. */
export const orderOperations: Record<string, Operation> = {
  ...Object.fromEntries(steps),
  invoiceOrder: (request) =>
    commitPlan(
      request,
      () => planInvoiceOfOrder(request.path.id ?? '', request.body, request, request.ifMatch),
      (invoice) => record(201, invoice, { location: `/api/v1/invoices/${invoice.id}` }),
    ),
  changeProductStock: (request) =>
    commitPlan(
      request,
      () => planStockChange(request.path.id ?? '', request.body, request, request.ifMatch),
      (product) => record(200, product),
    ),
};
