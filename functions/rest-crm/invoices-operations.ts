import { invoice } from '../crm/invoices/invoice.ts';
import { planInvoiceAction, planPayment, planPaymentRemoval } from '../crm/invoices/plan-invoice-action.ts';
import { getRecord } from '../crm/records/find-records.ts';
import { json, record } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { commitPlan } from './commit-plan.ts';

const step =
  (action: Parameters<typeof planInvoiceAction>[0]): Operation =>
  (request) =>
    commitPlan(
      request,
      () => planInvoiceAction(action, request.path.id ?? '', request.body, request, request.ifMatch),
      (changed) => record(200, changed),
    );

/** What invoices do beside being records. */
export const invoiceOperations: Record<string, Operation> = {
  finalizeInvoice: step('finalize'),
  voidInvoice: step('void'),
  markInvoiceUncollectible: step('mark-uncollectible'),
  payInvoice: (request) =>
    commitPlan(
      request,
      () => planPayment(request.path.id ?? '', request.body, request, request.ifMatch),
      (paid) => record(201, paid),
    ),
  listInvoicePayments: async (request) => {
    const { payments } = await getRecord(invoice, request.path.id ?? '', request);
    return json(200, { data: payments, page: { nextCursor: null } });
  },
  removeInvoicePayment: (request) => {
    const { id = '', paymentId = '' } = request.path;
    return commitPlan(
      request,
      () => planPaymentRemoval(id, paymentId, request, request.ifMatch),
      (changed) => record(200, changed),
    );
  },
};
