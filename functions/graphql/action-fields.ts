import type * as z from 'zod/mini';
import { moveInput, planMove } from '../crm/deals/move-deal.ts';
import { invoiceActionInputs, invoiceOrderInput } from '../crm/invoices/invoice-action-input.ts';
import { paymentInput } from '../crm/invoices/payment.ts';
import {
  planInvoiceAction,
  planInvoiceOfOrder,
  planPayment,
  planPaymentRemoval,
} from '../crm/invoices/plan-invoice-action.ts';
import { mergeContacts } from '../crm/merge/merge-contacts.ts';
import { mergeInput } from '../crm/merge/merge-input.ts';
import { movingTime } from '../crm/merge/moving-time.ts';
import { type OrderAction, orderTransitions } from '../crm/orders/document-states.ts';
import { orderActionInputs } from '../crm/orders/order-action-input.ts';
import { planOrderAction } from '../crm/orders/plan-order-action.ts';
import { planStockChange, stockChangeInput } from '../crm/products/stock-change.ts';
import type { CrmRecord } from '../crm/records/entity.ts';
import type { Actor } from '../shared/actor.ts';
import type { VersionCondition } from '../shared/etag.ts';
import { validate } from '../shared/validation.ts';
import type { WritePlan } from '../shared/write-plan.ts';
import { commitPlan } from './commit-plan.ts';
import { expectedVersion, type Field, type FieldTable, reading, withoutNulls } from './field.ts';
import { once } from './once.ts';

const write = reading('records:write');

/** A mutation that does to one record what the REST operation of its name does. */
function action<Schema extends z.ZodMiniType>(
  name: string,
  schema: Schema,
  plan: (
    id: string,
    input: z.infer<Schema>,
    actor: Actor,
    ifMatch?: VersionCondition,
  ) => Promise<WritePlan<CrmRecord>>,
): [string, Field] {
  return [
    `Mutation.${name}`,
    write((call) => {
      const input = validate(schema, withoutNulls(call.args.input ?? {}), '/input');
      return commitPlan(name, call, () => plan(call.args.id, input, call, expectedVersion(call)));
    }),
  ];
}

const orderActions = (Object.keys(orderTransitions) as OrderAction[]).map((name) =>
  action(`${name}Order`, orderActionInputs[name], (id, input, actor, ifMatch) =>
    planOrderAction(name, id, input as object, actor, ifMatch),
  ),
);

const invoiceAction = (mutation: string, name: keyof typeof invoiceActionInputs) =>
  action(mutation, invoiceActionInputs[name], (id, input, actor, ifMatch) =>
    planInvoiceAction(name, id, input, actor, ifMatch),
  );

/** What is done to records beside writing their fields. */
export const actionFields: FieldTable = {
  ...Object.fromEntries([
    action('moveDeal', moveInput, planMove),
    action('changeProductStock', stockChangeInput, planStockChange),
    ...orderActions,
    action('invoiceOrder', invoiceOrderInput, planInvoiceOfOrder),
    invoiceAction('finalizeInvoice', 'finalize'),
    invoiceAction('voidInvoice', 'void'),
    invoiceAction('markInvoiceUncollectible', 'mark-uncollectible'),
    action('payInvoice', paymentInput, planPayment),
  ]),
  'Mutation.removeInvoicePayment': write((call) =>
    commitPlan('removeInvoicePayment', call, () =>
      planPaymentRemoval(call.args.id, call.args.paymentId, call, expectedVersion(call)),
    ),
  ),
  'Mutation.mergeContacts': write((call) => {
    const input = validate(mergeInput, withoutNulls(call.args.input), '/input');
    const isOver = movingTime();
    return once('mergeContacts', call, async (commit) => {
      const { contact } = await mergeContacts(
        input,
        call,
        (writes, merged) => commit(writes, merged.contact),
        isOver,
        expectedVersion(call),
      );
      return contact;
    });
  }),
};
