import { Problem } from '../../shared/problem.ts';
import type { InvoiceStatus } from '../invoices/invoice-statuses.ts';
import type { OrderStatus } from './order-statuses.ts';

/** From where each action leads to where; `null` where the status follows from what is due. */
interface Transition<Status extends string> {
  from: readonly Status[];
  to: Status | null;
}

export const orderTransitions = {
  confirm: { from: ['draft'], to: 'confirmed' },
  ship: { from: ['confirmed'], to: 'shipped' },
  deliver: { from: ['shipped'], to: 'delivered' },
  cancel: { from: ['draft', 'confirmed'], to: 'cancelled' },
  refund: { from: ['shipped', 'delivered'], to: 'refunded' },
} as const satisfies Record<string, Transition<OrderStatus>>;

export type OrderAction = keyof typeof orderTransitions;

export const invoiceTransitions = {
  finalize: { from: ['draft'], to: null },
  void: { from: ['draft', 'open', 'uncollectible'], to: 'void' },
  'mark-uncollectible': { from: ['open'], to: 'uncollectible' },
  pay: { from: ['open', 'uncollectible'], to: null },
  'remove-payment': { from: ['open', 'paid', 'uncollectible'], to: null },
} as const satisfies Record<string, Transition<InvoiceStatus>>;

export type InvoiceAction = keyof typeof invoiceTransitions;

/**
 * What an invoice can do as it stands: with payments it cannot be voided, without any there is none to remove, and
 * one that is paid because nothing was due can be voided as an open one can.
 */
export function invoiceTransitionsOf({
  payments,
}: Record<string, unknown>): Record<InvoiceAction, { from: readonly InvoiceStatus[] }> {
  const hasPayments = (payments as unknown[]).length > 0;
  const { void: voiding, 'remove-payment': removal } = invoiceTransitions;
  return {
    ...invoiceTransitions,
    void: { from: hasPayments ? [] : [...voiding.from, 'paid'] },
    'remove-payment': { from: hasPayments ? removal.from : [] },
  };
}

/** Where an order's lines can be changed, and where it can be deleted. */
export const orderIsOpenToChange: readonly OrderStatus[] = ['draft'];
export const orderCanBeDeleted: readonly OrderStatus[] = ['draft', 'cancelled'];
/** From where an order can be invoiced. */
export const orderCanBeInvoiced: readonly OrderStatus[] = ['confirmed', 'shipped', 'delivered'];

/**
 * @param possible actions by name, of `orderTransitions` or `invoiceTransitions`
 * @throws {Problem} `invalid_transition`, naming the status and what is possible from it
 */
export function requireTransition<Action extends string>(
  entity: string,
  possible: Record<Action, { from: readonly string[] }>,
  action: Action,
  status: string,
): void {
  if (possible[action].from.includes(status)) return;
  throw impossible(entity, possible, status, `does not allow ${action}`);
}

/** The 409 for what a status does not allow. @param what e.g. `cannot be deleted` */
export function impossible(
  entity: string,
  transitions: Record<string, { from: readonly string[] }>,
  status: string,
  what: string,
): Problem {
  const next = Object.keys(transitions).filter((name) => transitions[name]?.from.includes(status));
  const hint = next.length > 0 ? `possible now: ${next.join(', ')}` : 'nothing more can be done with it';
  const article = /^[aeiou]/.test(status) ? 'An' : 'A';
  return new Problem('invalid_transition', `${article} ${status} ${entity} ${what}; ${hint}`, {
    extensions: { currentStatus: status, possible: next },
  });
}
