import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.ts';
import { ConditionFailed, type Expression, updateItem } from './dynamo/table.ts';

/** About as long as a transaction takes; longer for who has lost more often, whose database is then slower. */
const slotMillis = (lost: number) => Math.min(400, 40 * 2 ** lost);

/** Nobody waits longer, however many have booked before. */
const longestWaitMillis = 5_000;

/** How long the bookings of an item are kept, in seconds. */
const keptSeconds = 3_600;

/**
 * Waits until it is one's turn to write an item again that somebody else has just written first. Each who has lost
 * books the next free slot of a common timetable, so that many come one after the other and not all at once again.
 * A slot is advice: who misses it or comes without one harms nobody, since the write has its own condition.
 * @param item whose partition key begins with the tenant, as text; @param lost how often, from 0
 */
export async function waitForTurn(item: string, lost: number): Promise<void> {
  const slot = slotMillis(lost);
  const asked = now().getTime();
  const begins = (await book(item, slot, asked)) - slot;
  await sleep(Math.min(longestWaitMillis, Math.max(0, begins - asked)));
}

const bookings = 4;

/** @returns when the slot ends */
async function book(item: string, slot: number, at: number): Promise<number> {
  const ttl = Math.floor(at / 1_000) + keptSeconds;
  const names = { '#ends': 'ends', '#ttl': 'ttl' };
  const behind: [string, string] = ['#ends + :slot', '#ends > :now'];
  const first: [string, string] = [':next', 'attribute_not_exists(#ends) OR #ends <= :now'];
  for (let attempt = 0; attempt < bookings; attempt += 1) {
    // Mostly others are waiting: they have lost to the same one.
    const [ends, when] = attempt % 2 === 0 ? behind : first;
    const values = {
      ':now': at,
      ':ttl': ttl,
      ...(ends === ':next' ? { ':next': at + slot } : { ':slot': slot }),
    };
    const update: Expression = { text: `SET #ends = ${ends}, #ttl = :ttl`, names, values };
    try {
      const booked = await updateItem('platform', { pk: item, sk: 'turns' }, update, { text: when });
      return Number(booked.ends);
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  return at + slot + Math.random() * slot * bookings;
}
