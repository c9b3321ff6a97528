import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { Problem } from '../../shared/problem.ts';
import type { PlannedWrite, WritePlan } from '../../shared/write-plan.ts';
import { returnStock, type StockMove } from '../products/move-stock.ts';
import type { CrmRecord } from '../records/entity.ts';
import { getRecord } from '../records/find-records.ts';
import { planReplace } from '../records/patch-record.ts';
import type { DocumentLine } from './document-lines.ts';
import { type OrderAction, orderTransitions, requireTransition } from './document-states.ts';
import { order } from './order.ts';
import type { OrderActionInput } from './order-action-input.ts';
import { confirmation } from './order-rules.ts';
import { productIdsOf, totalsOf } from './price-lines.ts';
import { readProductItems, readProducts } from './read-products.ts';

/** What an action changes in the order, and what it writes beside it. */
interface Effect {
  members: Record<string, unknown>;
  writes: PlannedWrite[];
}

type Act = (before: CrmRecord, input: OrderActionInput, actor: Actor) => Promise<Effect>;

const acts: Record<OrderAction, Act> = {
  confirm: async (before, _, actor) => {
    const lines = before.lines as DocumentLine[];
    const products = await readProducts(productIdsOf(lines), actor);
    const { stockTaken, writes } = confirmation(lines, products, actor);
    return { members: { confirmedAt: instant(), stockTaken }, writes };
  },
  ship: async (before, { shippedAt, trackingNumber, shipping }) => ({
    members: {
      shippedAt: shippedAt ?? instant(),
      ...(trackingNumber && { trackingNumber }),
      ...(typeof shipping === 'number' && shippingOf(before, shipping)),
    },
    writes: [],
  }),
  deliver: async (_, { deliveredAt }) => ({ members: { deliveredAt: deliveredAt ?? instant() }, writes: [] }),
  cancel: async (before, { reason }, actor) => {
    requireNoInvoice(before, 'cancelled');
    const members = { cancelledAt: instant(), cancelReason: reason ?? null, stockTaken: [] };
    return { members, writes: await givingBack(before, actor) };
  },
  refund: async (before, { reason, restock }, actor) => ({
    members: {
      refundedAt: instant(),
      refundReason: reason ?? null,
      ...(restock && { stockTaken: [] }),
    },
    writes: restock ? await givingBack(before, actor) : [],
  }),
};

/**
 * One step of an order.
 * @throws {Problem} `not_found`, `precondition_failed`, `invalid_transition`, `conflict` when there is not enough in
 *   stock or an invoice stands against it
 */
export async function planOrderAction(
  action: OrderAction,
  id: string,
  input: OrderActionInput,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<CrmRecord>> {
  const before = await getRecord(order, id, actor);
  requireVersion(ifMatch, before.version);
  requireTransition('order', orderTransitions, action, String(before.status));
  const { members, writes } = await acts[action](before, input, actor);
  const after = { ...before, ...members, status: orderTransitions[action].to };
  return planReplace(order, before, after, actor, writes);
}

async function givingBack(before: CrmRecord, actor: Actor): Promise<PlannedWrite[]> {
  const taken = before.stockTaken as StockMove[];
  return returnStock(taken, await readProductItems(productIdsOf(taken), actor), actor);
}

/** What the freight came to is often known only now. */
function shippingOf(before: CrmRecord, shipping: number): Record<string, unknown> {
  if (shipping === before.shipping) return {};
  requireNoInvoice(before, 'given another shipping');
  return { shipping, ...totalsOf(before.lines as DocumentLine[], shipping) };
}

/** An invoice says what the order came to. @throws {Problem} `conflict` */
function requireNoInvoice({ invoiceId }: CrmRecord, what: string): void {
  if (invoiceId === null) return;
  throw new Problem('conflict', `The order has an invoice; void or delete it before the order is ${what}`, {
    extensions: { existingId: invoiceId },
  });
}
