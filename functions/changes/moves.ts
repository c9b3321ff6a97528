import type { FollowedEntity } from '../shared/counted-fields.ts';
import type { Item } from '../shared/dynamo/item.ts';
import { hasEnded, type TaskState } from '../tasks/lifecycle/state-machine.ts';

/** Status of a document or deal → what has happened when it comes to that. */
const reached: Partial<Record<FollowedEntity, Record<string, string>>> = {
  deal: { won: 'won', lost: 'lost', open: 'reopened' },
  order: {
    confirmed: 'confirmed',
    shipped: 'shipped',
    delivered: 'delivered',
    cancelled: 'cancelled',
    refunded: 'refunded',
  },
  invoice: {
    open: 'finalized',
    paid: 'paid',
    void: 'voided',
    uncollectible: 'written_off',
  },
};

/**
 * What happened in a write beside "it was changed", the most telling last: a deal that is won has `moved` and is
 * `won`. Webhooks have events of these names (`deal.won`), timelines show the last.
 */
export function movesOf(entity: FollowedEntity, before: Item | undefined, after: Item | undefined): string[] {
  if (!before || !after) return [];
  const moves: string[] = [];
  if (entity === 'deal' && before.stageId !== after.stageId) moves.push('moved');
  if (entity === 'invoice' && Number(after.amountPaid ?? 0) > Number(before.amountPaid ?? 0)) {
    moves.push('payment_recorded');
  }
  if (entity === 'task') moves.push(...taskMove(before.state as TaskState, after.state as TaskState));
  const status = before.status === after.status ? undefined : reached[entity]?.[String(after.status)];
  return status ? [...moves, status] : moves;
}

/** Ends are told by their names; what is in between is the business of its worker. */
function taskMove(before: TaskState, after: TaskState): string[] {
  if (hasEnded(after)) return before === after ? [] : [after];
  return hasEnded(before) ? ['reopened'] : [];
}
