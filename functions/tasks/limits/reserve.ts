import { ConditionFailed, updateItem } from '../../shared/dynamo/table.ts';
import { log } from '../../shared/logger.ts';
import { newSecret } from '../lease/lease-token.ts';
import type { RateLimit } from '../types/definition.ts';
import type { TaskType } from '../types/task-type.ts';
import { arrivalAfter, nextStart, startsLeft, worth } from './gcra.ts';
import { type LimiterState, rateKey, readLimiter, slotsPerItem } from './limiter-item.ts';
import { firstSlotEnd, freeSlot, freeSlots, type Hold, takeSlots } from './slots.ts';

/** The right to begin some leases of a limited type. */
export interface Reservation {
  /** How many leases may begin. */
  granted: number;
  /** A slot for each of them, where the type limits how many run at one time. */
  holds: Hold[];
  /** When asking again may help, where fewer were granted than wanted; epoch milliseconds. */
  limitedUntil?: number;
}

/** A slot may be freed at any moment, so nobody is told to wait longer for one than this, in milliseconds. */
const longestWaitForSlot = 5_000;
/** Lost races in a row after which a claim is content with what it has. */
const maxTries = 8;

/** True for types whose claims must reserve before they take tasks. */
export function isLimited({ concurrency, rateLimit }: TaskType): boolean {
  return concurrency !== null || rateLimit !== null;
}

/** True when a lease of the type could begin now. One Query. */
export async function hasRoom(tenantId: string, type: TaskType, nowMillis: number): Promise<boolean> {
  return roomIn(await readLimiter(tenantId, type.name), type, nowMillis) > 0;
}

/**
 * Reserves up to `wanted` leases that end at `until` at the latest: one Query, then one UpdateItem for each kind
 * of limit that the type has. What is not used has to be given back.
 */
export async function reserve(
  tenantId: string,
  type: TaskType,
  wanted: number,
  until: number,
  nowMillis: number,
): Promise<Reservation> {
  const state = await readLimiter(tenantId, type.name);
  const { concurrency, rateLimit } = type;
  const aim = Math.min(wanted, roomIn(state, type, nowMillis));
  const holds =
    concurrency === null || aim === 0
      ? []
      : await takeFreeSlots(state, tenantId, { name: type.name, concurrency }, aim, until, nowMillis);
  const possible = concurrency === null ? aim : holds.length;
  const granted =
    rateLimit === null || possible === 0
      ? possible
      : await takeStarts(state, tenantId, { name: type.name, rateLimit }, possible, nowMillis);
  await Promise.all(holds.slice(granted).map((hold) => freeSlot(tenantId, type.name, hold)));
  return {
    granted,
    holds: holds.slice(0, granted),
    ...(granted < wanted && { limitedUntil: askAgainAt(state, type, nowMillis) }),
  };
}

/** Gives back what no lease was begun with: an UpdateItem a slot, and one for the rate. Never fails. */
export async function giveBack(
  tenantId: string,
  type: TaskType,
  holds: readonly Hold[],
  starts: number,
): Promise<void> {
  const { rateLimit, name } = type;
  await Promise.all([
    ...holds.map((hold) => freeSlot(tenantId, name, hold)),
    ...(rateLimit && starts > 0 ? [returnStarts(tenantId, name, rateLimit, starts)] : []),
  ]);
}

function roomIn(state: LimiterState, { concurrency, rateLimit }: TaskType, nowMillis: number): number {
  return Math.min(
    concurrency === null ? Infinity : freeSlots(state, concurrency, nowMillis).length,
    rateLimit === null ? Infinity : startsLeft(rateLimit, state.arrival, nowMillis),
  );
}

function askAgainAt(state: LimiterState, { concurrency, rateLimit }: TaskType, nowMillis: number): number {
  const slotsLeft = concurrency === null ? 1 : freeSlots(state, concurrency, nowMillis).length;
  return Math.max(
    slotsLeft > 0 ? nowMillis : Math.min(firstSlotEnd(state, nowMillis), nowMillis + longestWaitForSlot),
    rateLimit === null ? nowMillis : nextStart(rateLimit, state.arrival, nowMillis),
  );
}

async function takeFreeSlots(
  state: LimiterState,
  tenantId: string,
  type: { name: string; concurrency: number },
  wanted: number,
  until: number,
  nowMillis: number,
): Promise<Hold[]> {
  const holds: Hold[] = [];
  for (let tries = 0; holds.length < wanted && tries < maxTries; tries += 1) {
    const free = freeSlots(state, type.concurrency, nowMillis);
    if (free.length === 0) break;
    const some = neighbours(free, wanted - holds.length).map((slot) => ({ slot, secret: newSecret() }));
    if (!(await takeSlots(state, tenantId, type.name, some, until, nowMillis))) continue;
    for (const { slot, secret } of some) state.slots.set(slot, { h: secret.slice(0, 8), u: until });
    holds.push(...some);
  }
  return holds;
}

/** Some free slots of one item, from a random place on, so that claimers at the same time want different ones. */
function neighbours(free: readonly number[], wanted: number): number[] {
  const from = Math.floor(Math.random() * Math.max(1, free.length - wanted + 1));
  const item = Math.floor((free[from] as number) / slotsPerItem);
  return free.slice(from, from + wanted).filter((slot) => Math.floor(slot / slotsPerItem) === item);
}

async function takeStarts(
  state: LimiterState,
  tenantId: string,
  { name, rateLimit }: { name: string; rateLimit: RateLimit },
  wanted: number,
  nowMillis: number,
): Promise<number> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const starts = Math.min(wanted, startsLeft(rateLimit, state.arrival, nowMillis));
    if (starts === 0) return 0;
    const arrival = arrivalAfter(rateLimit, state.arrival, starts, nowMillis);
    const unchanged =
      state.arrival === undefined
        ? { text: 'attribute_not_exists(arrival)' }
        : { text: 'arrival = :seen', values: { ':seen': state.arrival } };
    try {
      const update = { text: 'SET arrival = :arrival', values: { ':arrival': arrival } };
      await updateItem('platform', rateKey(tenantId, name), update, unchanged);
      state.arrival = arrival;
      return starts;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      state.arrival = error.current?.arrival as number | undefined;
    }
  }
  return 0;
}

async function returnStarts(
  tenantId: string,
  type: string,
  rateLimit: RateLimit,
  starts: number,
): Promise<void> {
  try {
    await updateItem('platform', rateKey(tenantId, type), {
      text: 'SET arrival = arrival - :back',
      values: { ':back': worth(rateLimit, starts) },
    });
  } catch (error) {
    // Those that were leased beside them must reach their worker; the rate is a little lower for once.
    log().warn('starts that were not made count as made', { type, error: error as Error });
  }
}
