import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { priceDocument } from '../orders/document-draft.ts';
import type { LineInput } from '../orders/document-lines.ts';
import { impossible, invoiceTransitionsOf } from '../orders/document-states.ts';
import { repriced } from '../orders/reprice.ts';
import type { CrmRecord } from '../records/entity.ts';
import type { Decided, RecordRules } from '../records/rules.ts';
import { settled } from './invoice-money.ts';
import type { InvoiceStatus } from './invoice-statuses.ts';
import { freeOrder, orderToInvoice, tieOrder } from './order-link.ts';
import type { Payment } from './payment.ts';

const amountsOfOrder = [
  ...(['lines', 'shipping', 'currency'] as const),
  ...(['subtotal', 'discount', 'tax', 'total', 'taxSummary'] as const),
];

/** What an invoice takes over from its order as it stands. */
const fromOrder = [...amountsOfOrder, 'contactId', 'companyId'] as const;

async function create(draft: CrmRecord, actor: Actor): Promise<Decided> {
  requireFittingTimes(draft);
  const { members, writes } =
    typeof draft.orderId === 'string'
      ? await orderMembers(draft, draft.orderId, actor)
      : { members: await ownMembers(draft, actor), writes: [] };
  return { record: issued({ ...draft, ...members }, actor), writes };
}

/** The times that an invoice which is brought over names have to go with its status. */
function requireFittingTimes({ status, issuedAt, paidAt }: CrmRecord): void {
  const wrong = [
    ...(issuedAt !== null && status === 'draft' ? ['issuedAt'] : []),
    ...(paidAt !== null && status !== 'paid' ? ['paidAt'] : []),
  ];
  if (wrong.length === 0) return;
  throw validationFailed(
    wrong.map((field) => ({
      pointer: `/${field}`,
      code: 'not_applicable',
      message: `does not go with the status ${status}`,
    })),
  );
}

async function orderMembers(draft: CrmRecord, orderId: string, actor: Actor) {
  const found = await orderToInvoice(orderId, actor);
  const errors = fromOrder.flatMap((field): ProblemDetail[] => {
    const given = draft[field];
    const leftOut = given === null || (field === 'shipping' && given === 0);
    return leftOut || given === found[field]
      ? []
      : [{ pointer: `/${field}`, code: 'not_applicable', message: 'comes from the order' }];
  });
  if (errors.length > 0) throw validationFailed(errors);
  const members = Object.fromEntries(fromOrder.map((field) => [field, found[field]]));
  return {
    members: { ...members, reference: draft.reference ?? found.reference },
    writes: [tieOrder(found, draft.id, actor)],
  };
}

async function ownMembers(draft: CrmRecord, actor: Actor): Promise<Record<string, unknown>> {
  if (draft.lines === null) {
    throw validationFailed([
      { pointer: '/lines', code: 'required', message: 'are required where no order has them' },
    ]);
  }
  const currency = draft.currency as string | null;
  const { document } = await priceDocument(
    draft.lines as LineInput[],
    currency,
    draft.shipping as number,
    actor,
  );
  return { ...document };
}

/** A new invoice in the status that was asked for; one that is brought over as paid has a payment for all of it. */
function issued(draft: CrmRecord, actor: Actor): CrmRecord {
  const total = draft.total as number;
  if (draft.status === 'draft') return { ...draft, ...settled({ status: 'draft', total, paidAt: null }, []) };
  const at = instant();
  const issuedAt = draft.issuedAt ?? at;
  const paidAt = (draft.paidAt as string | null) ?? at;
  const payment: Payment = {
    id: newId('pay'),
    amount: total,
    method: null,
    reference: null,
    paidAt,
    recordedAt: at,
    recordedBy: actor.caller.subject,
  };
  const payments = draft.status === 'paid' && total > 0 ? [payment] : [];
  return {
    ...draft,
    issuedAt,
    ...settled({ status: 'open', total, paidAt: total > 0 ? null : paidAt }, payments),
  };
}

/** What an invoice cannot change any more once it has been issued: it is what the customer got. */
const frozenWhenIssued = ['lines', 'shipping', 'currency', 'contactId', 'companyId'];
/** What an invoice of an order never changes: both say the same. */
const frozenByOrder = ['lines', 'shipping', 'currency'];

async function update(before: CrmRecord, draft: CrmRecord, actor: Actor): Promise<Decided> {
  const changed = frozenWhenIssued.filter((field) => draft[field] !== before[field]);
  const status = before.status as InvoiceStatus;
  if (changed.length > 0 && status !== 'draft') {
    throw impossible('invoice', invoiceTransitionsOf(before), status, `keeps its ${changed.join(', ')}`);
  }
  const ordered = before.orderId === null ? [] : changed.filter((field) => frozenByOrder.includes(field));
  if (ordered.length > 0) {
    throw validationFailed(
      ordered.map((field) => ({
        pointer: `/${field}`,
        code: 'not_applicable',
        message: 'comes from the order',
      })),
    );
  }
  if (!changed.some((field) => frozenByOrder.includes(field))) return { record: draft, writes: [] };
  const members = await repriced(before, draft, actor);
  const total = members.total as number;
  return {
    record: { ...draft, ...members, ...settled({ status, total, paidAt: null }, []) },
    writes: [],
  };
}

async function remove(before: CrmRecord, actor: Actor): Promise<PlannedWrite[]> {
  if (before.status !== 'draft') {
    throw impossible(
      'invoice',
      invoiceTransitionsOf(before),
      String(before.status),
      'cannot be deleted; void it',
    );
  }
  return freeOrder(before, actor);
}

/** The order may have been given another shipping while it had no invoice: both say the same again. */
async function restore(draft: CrmRecord, actor: Actor): Promise<Decided> {
  if (typeof draft.orderId !== 'string') return { record: draft, writes: [] };
  const found = await orderToInvoice(draft.orderId, actor);
  const amounts = Object.fromEntries(amountsOfOrder.map((field) => [field, found[field]]));
  const total = found.total as number;
  return {
    record: { ...draft, ...amounts, ...settled({ status: 'draft', total, paidAt: null }, []) },
    writes: [tieOrder(found, draft.id, actor)],
  };
}

/** What follows from writing an invoice as a record; what its actions do is in plan-invoice-action.ts. */
export const invoiceRules: RecordRules = {
  watched: ['lines', 'shipping', 'currency', 'contactId', 'companyId'],
  create,
  update,
  remove,
  restore,
};
