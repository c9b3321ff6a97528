import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { type StockMove, stockNeeds, takeStock } from '../products/move-stock.ts';
import type { CrmRecord } from '../records/entity.ts';
import type { Decided, RecordRules } from '../records/rules.ts';
import { priceDocument } from './document-draft.ts';
import type { DocumentLine, LineInput } from './document-lines.ts';
import { impossible, orderCanBeDeleted, orderIsOpenToChange, orderTransitions } from './document-states.ts';
import type { OrderStatus } from './order-statuses.ts';
import { productIdsOf } from './price-lines.ts';
import { repriced } from './reprice.ts';

/** The times of an order, each with the statuses that have it: an order that is brought over may name its own. */
const timesOf: Record<string, readonly OrderStatus[]> = {
  confirmedAt: ['confirmed', 'shipped', 'delivered'],
  shippedAt: ['shipped', 'delivered'],
  deliveredAt: ['delivered'],
};

async function create(draft: CrmRecord, actor: Actor): Promise<Decided> {
  const status = draft.status as OrderStatus;
  requireFittingTimes(draft, status);
  const { document, products } = await priceDocument(
    draft.lines as LineInput[],
    draft.currency as string | null,
    draft.shipping as number,
    actor,
  );
  const placedAt = (draft.placedAt as string | null) ?? draft.createdAt;
  const { stockTaken, writes } =
    status === 'draft' ? { stockTaken: [], writes: [] } : confirmation(document.lines, products, actor);
  return {
    record: {
      ...draft,
      ...document,
      ...timesAt(status, draft, placedAt),
      placedAt,
      productIds: productIdsOf(document.lines),
      stockTaken,
    },
    writes,
  };
}

/** What confirming lines takes from stock. @throws {Problem} `conflict` when there is not enough */
export function confirmation(
  lines: readonly DocumentLine[],
  products: ReadonlyMap<string, CrmRecord>,
  actor: Actor,
): { stockTaken: StockMove[]; writes: PlannedWrite[] } {
  const stockTaken = stockNeeds(lines, products);
  return { stockTaken, writes: takeStock(stockTaken, lines, products, actor) };
}

function requireFittingTimes(draft: CrmRecord, status: OrderStatus): void {
  const errors = Object.entries(timesOf).flatMap(([field, statuses]): ProblemDetail[] =>
    draft[field] === null || statuses.includes(status)
      ? []
      : [{ pointer: `/${field}`, code: 'not_applicable', message: `does not go with the status ${status}` }],
  );
  if (errors.length > 0) throw validationFailed(errors);
}

function timesAt(status: OrderStatus, draft: CrmRecord, placedAt: string): Record<string, unknown> {
  const times = Object.entries(timesOf).filter(([, statuses]) => statuses.includes(status));
  return Object.fromEntries(
    times.map(([field]) => [field, draft[field] ?? (field === 'confirmedAt' ? placedAt : instant())]),
  );
}

async function update(before: CrmRecord, draft: CrmRecord, actor: Actor): Promise<Decided> {
  const placedAt = draft.placedAt ?? before.createdAt;
  const frozen = ['lines', 'shipping', 'currency'].filter((field) => draft[field] !== before[field]);
  if (frozen.length === 0) return { record: { ...draft, placedAt }, writes: [] };
  const status = before.status as OrderStatus;
  if (!orderIsOpenToChange.includes(status)) {
    throw impossible('order', orderTransitions, status, `keeps its ${frozen.join(', ')}`);
  }
  const members = await repriced(before, draft, actor);
  return {
    record: { ...draft, ...members, placedAt, productIds: productIdsOf(members.lines) },
    writes: [],
  };
}

async function remove(before: CrmRecord): Promise<PlannedWrite[]> {
  const status = before.status as OrderStatus;
  if (orderCanBeDeleted.includes(status)) return [];
  throw impossible('order', orderTransitions, status, 'cannot be deleted');
}

/** What follows from writing an order as a record; what its actions do is in plan-order-action.ts. */
export const orderRules: RecordRules = {
  watched: ['lines', 'shipping', 'currency', 'placedAt'],
  create,
  update,
  remove,
};
