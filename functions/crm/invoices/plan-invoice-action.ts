import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { notFound, Problem } from '../../shared/problem.ts';
import type { PlannedWrite, WritePlan } from '../../shared/write-plan.ts';
import {
  type InvoiceAction,
  impossible,
  invoiceTransitions,
  invoiceTransitionsOf,
} from '../orders/document-states.ts';
import { order } from '../orders/order.ts';
import { planCreate } from '../records/create-record.ts';
import type { CrmRecord } from '../records/entity.ts';
import { getRecord } from '../records/find-records.ts';
import { planReplace } from '../records/patch-record.ts';
import { invoice } from './invoice.ts';
import type { InvoiceActionInput, InvoiceOrderInput } from './invoice-action-input.ts';
import { settled } from './invoice-money.ts';
import { freeOrder } from './order-link.ts';
import type { Payment, PaymentInput } from './payment.ts';
import { addPayment } from './payments.ts';

/**
 * Makes the one invoice of an order.
 * @throws {Problem} `not_found`, `precondition_failed` for the order, `invalid_transition`, `conflict` with `existingId`
 */
export async function planInvoiceOfOrder(
  orderId: string,
  { dueOn, notes, finalize }: InvoiceOrderInput,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<CrmRecord>> {
  const found = await getRecord(order, orderId, actor);
  requireVersion(ifMatch, found.version);
  return planCreate(invoice, { orderId, dueOn, notes, status: finalize ? 'open' : 'draft' }, actor);
}

type Act = (
  before: CrmRecord,
  input: InvoiceActionInput,
  actor: Actor,
) => Promise<{ members: Record<string, unknown>; writes: PlannedWrite[] }>;

const acts: Record<'finalize' | 'void' | 'mark-uncollectible', Act> = {
  finalize: async (before, { dueOn }) => {
    const issuedAt = instant();
    const total = before.total as number;
    const paidAt = total === 0 ? issuedAt : null;
    return {
      members: { issuedAt, ...(dueOn && { dueOn }), ...settled({ status: 'open', total, paidAt }, []) },
      writes: [],
    };
  },
  void: async (before, { reason }, actor) => {
    if (Number(before.amountPaid) > 0) {
      throw new Problem('conflict', 'The invoice has payments; remove them before it is voided');
    }
    const members = {
      ...{ status: 'void', amountDue: 0, paidAt: null },
      ...{ voidedAt: instant(), voidReason: reason ?? null },
    };
    return { members, writes: await freeOrder(before, actor) };
  },
  'mark-uncollectible': async () => ({
    members: { status: 'uncollectible', uncollectibleAt: instant() },
    writes: [],
  }),
};

/**
 * One step of an invoice.
 * @throws {Problem} `not_found`, `precondition_failed`, `invalid_transition`, `conflict` for a paid one
 */
export async function planInvoiceAction(
  action: keyof typeof acts,
  id: string,
  input: InvoiceActionInput,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<CrmRecord>> {
  const before = await invoiceFor(action, id, actor, ifMatch);
  const { members, writes } = await acts[action](before, input, actor);
  return planReplace(invoice, before, { ...before, ...members }, actor, writes);
}

/**
 * Records a payment; the invoice is paid when nothing is due any more.
 * @throws {Problem} as above; `conflict` for more than is due, `validation_failed` for another currency
 */
export async function planPayment(
  id: string,
  input: PaymentInput,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<CrmRecord>> {
  const before = await invoiceFor('pay', id, actor, ifMatch);
  return planPayments(before, addPayment(before, input, actor.caller.subject), actor);
}

/** Takes back a payment that was recorded by mistake or bounced. @throws {Problem} `not_found` and as above */
export async function planPaymentRemoval(
  id: string,
  paymentId: string,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<CrmRecord>> {
  const before = await invoiceFor('remove-payment', id, actor, ifMatch);
  const payments = before.payments as Payment[];
  const rest = payments.filter((payment) => payment.id !== paymentId);
  if (rest.length === payments.length) throw notFound('payment', paymentId);
  return planPayments(before, rest, actor);
}

function planPayments(before: CrmRecord, payments: Payment[], actor: Actor): Promise<WritePlan<CrmRecord>> {
  const facts = { status: String(before.status), total: before.total as number, paidAt: null };
  return planReplace(invoice, before, { ...before, ...settled(facts, payments) }, actor);
}

async function invoiceFor(
  action: InvoiceAction,
  id: string,
  actor: Actor,
  ifMatch: VersionCondition | undefined,
): Promise<CrmRecord> {
  const before = await getRecord(invoice, id, actor);
  requireVersion(ifMatch, before.version);
  const status = String(before.status);
  const now = invoiceTransitionsOf(before);
  const allowed = [...now[action].from, ...invoiceTransitions[action].from];
  // What only the payments stand against has a refusal of its own.
  if (!allowed.some((from) => from === status)) {
    throw impossible('invoice', now, status, `does not allow ${action}`);
  }
  return before;
}
