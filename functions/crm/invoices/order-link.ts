import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { readTogether } from '../../shared/dynamo/read-together.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { impossible, orderCanBeInvoiced, orderTransitions } from '../orders/document-states.ts';
import { order } from '../orders/order.ts';
import type { OrderStatus } from '../orders/order-statuses.ts';
import type { CrmRecord } from '../records/entity.ts';
import { replaceAtVersion } from '../records/patch-record.ts';
import { isLiving, recordKey, toRecord } from '../records/record-item.ts';

/**
 * The order that an invoice is going to be made from.
 * @throws {Problem} `validation_failed` when there is none, `invalid_transition`, `conflict` with `existingId` when it
 *   has an invoice already
 */
export async function orderToInvoice(orderId: string, actor: Actor): Promise<CrmRecord> {
  const found = await findOrder(orderId, actor);
  if (!found) {
    throw validationFailed([
      { pointer: '/orderId', code: 'unknown_reference', message: `no order has the id ${orderId}` },
    ]);
  }
  const status = found.status as OrderStatus;
  if (!orderCanBeInvoiced.includes(status)) {
    throw impossible('order', orderTransitions, status, 'cannot be invoiced');
  }
  if (found.invoiceId !== null) {
    throw new Problem('conflict', 'The order has an invoice already; void or delete that one first', {
      extensions: { existingId: found.invoiceId },
    });
  }
  return found;
}

/**
 * Ties an order to its invoice, in the invoice's own transaction and on the version that was read: of two that
 * want to make one, one loses and finds the other's.
 */
export function tieOrder(found: CrmRecord, invoiceId: string | null, actor: Actor): PlannedWrite {
  const after = {
    ...found,
    invoiceId,
    version: found.version + 1,
    updatedAt: instant(),
    updatedBy: actor.caller.subject,
  };
  return replaceAtVersion(order, after, found.version, actor);
}

/** Frees the order of an invoice that is voided or deleted, so that it can be invoiced again. */
export async function freeOrder(invoice: CrmRecord, actor: Actor): Promise<PlannedWrite[]> {
  if (typeof invoice.orderId !== 'string') return [];
  const found = await findOrder(invoice.orderId, actor);
  return found?.invoiceId === invoice.id ? [tieOrder(found, null, actor)] : [];
}

async function findOrder(id: string, actor: Actor): Promise<CrmRecord | undefined> {
  const item = await readTogether('crm', recordKey(order, actor.caller.tenantId, id));
  return isLiving(item) ? toRecord(order, item) : undefined;
}
