import { ConditionFailed, type Expression, updateItem } from '../../shared/dynamo/table.ts';
import { log } from '../../shared/logger.ts';
import { type LimiterState, noteSlots, slotAttribute, slotKey, type TakenSlot } from './limiter-item.ts';

/** A slot and who has it: the lease token carries both. */
export interface Hold {
  slot: number;
  /** The random part of the lease token. */
  secret: string;
}

/** What of the secret the slot keeps; enough to tell leases apart, too little to settle one. */
const ownerOf = ({ secret }: Hold) => secret.slice(0, 8);

/**
 * The slots that are free, those below the limit only. While more are held than the limit allows, because it
 * was lowered, none is.
 */
export function freeSlots({ slots }: LimiterState, limit: number, nowMillis: number): number[] {
  const held = new Set([...slots].filter(([, { u }]) => u > nowMillis).map(([slot]) => slot));
  const free = Array.from({ length: limit }, (_, slot) => slot).filter((slot) => !held.has(slot));
  return free.slice(0, Math.max(0, limit - held.size));
}

/** When the first of the held slots is free at the latest, epoch milliseconds. */
export function firstSlotEnd({ slots }: LimiterState, nowMillis: number): number {
  return [...slots.values()].reduce((first, { u }) => (u > nowMillis ? Math.min(first, u) : first), Infinity);
}

/**
 * Takes slots of one item for leases that end at `until`: one UpdateItem, all of them or none.
 * @returns false when one of them was taken; `state` then knows how they stand
 */
export async function takeSlots(
  state: LimiterState,
  tenantId: string,
  type: string,
  holds: readonly Hold[],
  until: number,
  nowMillis: number,
): Promise<boolean> {
  const names: Record<string, string> = { '#u': 'u' };
  const values: Record<string, unknown> = { ':now': nowMillis };
  for (const [at, hold] of holds.entries()) {
    names[`#s${at}`] = slotAttribute(hold.slot);
    values[`:s${at}`] = { h: ownerOf(hold), u: until } satisfies TakenSlot;
  }
  const update = { text: `SET ${holds.map((_, at) => `#s${at} = :s${at}`).join(', ')}`, names, values };
  const free = holds.map((_, at) => `(attribute_not_exists(#s${at}) OR #s${at}.#u <= :now)`).join(' AND ');
  const key = slotKey(tenantId, type, (holds[0] as Hold).slot);
  try {
    await updateItem('platform', key, update, { text: free });
    return true;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    noteSlots(state, error.current ?? { ...key });
    // The table's first answer was lost and the call sent again: they are taken, and by us.
    return holds.every((hold) => state.slots.get(hold.slot)?.h === ownerOf(hold));
  }
}

/**
 * Frees a slot. It is free at the end of its lease in any case, so nothing fails when this does.
 * One UpdateItem; a slot that somebody else has by now stays theirs.
 */
export async function freeSlot(tenantId: string, type: string, hold: Hold): Promise<void> {
  const names = { '#s': slotAttribute(hold.slot) };
  try {
    await updateItem('platform', slotKey(tenantId, type, hold.slot), { text: 'REMOVE #s', names }, own(hold));
  } catch (error) {
    if (error instanceof ConditionFailed) return;
    log().warn('a slot stays taken until the end of its lease', { type, error: error as Error });
  }
}

/** How a slot follows its lease: moved; or its end stays, which is later; or it was lost with the lease. */
export type SlotMove = 'moved' | 'later' | 'lost';

/**
 * Moves the end of a slot before its lease is extended, so that a slot never ends before its lease. One UpdateItem.
 * @param until epoch milliseconds
 */
export async function extendSlot(
  tenantId: string,
  type: string,
  hold: Hold,
  until: number,
  nowMillis: number,
): Promise<SlotMove> {
  const mine = own(hold);
  try {
    await updateItem('platform', slotKey(tenantId, type, hold.slot), setEnd(hold, until), {
      ...mine,
      text: `${mine.text} AND #s.#u > :now AND #s.#u <= :until`,
      values: { ...mine.values, ':now': nowMillis, ':until': until },
    });
    return 'moved';
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const slot = error.current?.[slotAttribute(hold.slot)] as TakenSlot | undefined;
    return slot?.h === ownerOf(hold) && slot.u > until ? 'later' : 'lost';
  }
}

/** Brings the end of a slot forward, after its lease was made shorter. One UpdateItem. */
export async function shortenSlot(tenantId: string, type: string, hold: Hold, until: number): Promise<void> {
  try {
    await updateItem('platform', slotKey(tenantId, type, hold.slot), setEnd(hold, until), own(hold));
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

function setEnd(hold: Hold, until: number): Expression {
  return {
    text: 'SET #s.#u = :until',
    names: { '#s': slotAttribute(hold.slot), '#u': 'u' },
    values: { ':until': until },
  };
}

function own(hold: Hold) {
  return {
    text: '#s.#h = :owner',
    names: { '#s': slotAttribute(hold.slot), '#h': 'h' } as Record<string, string>,
    values: { ':owner': ownerOf(hold) } as Record<string, unknown>,
  };
}
