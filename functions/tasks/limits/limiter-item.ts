import type { Item, Key } from '../../shared/dynamo/item.ts';
import { queryPage } from '../../shared/dynamo/table.ts';

/**
 * What a limited type keeps in the platform table (docs/decisions/0042-limits-at-claim.md): its slots, in items
 * of `slotsPerItem`, so that taking or freeing some is one write of one unit; and the arrival time of its rate.
 */
export interface LimiterState {
  /** The slots that are or were taken, by number. */
  slots: Map<number, TakenSlot>;
  /** GCRA's theoretical arrival time of the next start, epoch microseconds; absent before the first. */
  arrival?: number;
}

/** A slot as stored. */
export interface TakenSlot {
  /** Of whom; see `Hold`. */
  h: string;
  /** End of the lease, epoch milliseconds; from then on the slot is free. */
  u: number;
}

/** 25 slots with their key stay below the kilobyte that one write unit pays for (AWS). */
export const slotsPerItem = 25;

/** The attribute of a slot. */
export const slotAttribute = (slot: number) => `s${slot}`;

const partition = (tenantId: string, type: string) => `${tenantId}#limit#${type}`;

/** The item that holds a slot. */
export function slotKey(tenantId: string, type: string, slot: number): Key {
  const part = Math.floor(slot / slotsPerItem);
  return { pk: partition(tenantId, type), sk: `slots#${String(part).padStart(2, '0')}` };
}

/** The item that holds the arrival time. */
export function rateKey(tenantId: string, type: string): Key {
  return { pk: partition(tenantId, type), sk: 'rate' };
}

/** One Query. It may be a moment old, so whatever follows from it is written under a condition. */
export async function readLimiter(tenantId: string, type: string): Promise<LimiterState> {
  const { items } = await queryPage({
    table: 'platform',
    key: { text: 'pk = :pk', values: { ':pk': partition(tenantId, type) } },
  });
  const state: LimiterState = { slots: new Map() };
  for (const item of items) {
    if (item.sk === 'rate') state.arrival = item.arrival as number | undefined;
    else noteSlots(state, item);
  }
  return state;
}

/** Takes over what an item of slots says. */
export function noteSlots(state: LimiterState, item: Item): void {
  const first = Number(String(item.sk).split('#')[1]) * slotsPerItem;
  for (let slot = first; slot < first + slotsPerItem; slot += 1) {
    const taken = item[slotAttribute(slot)] as TakenSlot | undefined;
    if (taken) state.slots.set(slot, taken);
    else state.slots.delete(slot);
  }
}
