/**
 * How far claimers of the same tasks spread out. Alone, a claim takes the very first candidates. After a lost
 * race it reads further and starts at a random place among them, since whoever won once stands at the head
 * again: without that, sixteen claimers would win one task and waste fifteen writes a round.
 */
interface Contention {
  spread: number;
  /** Epoch milliseconds of the last lost race. */
  lostAt: number;
}

/** Without a lost race for this long the order is strict again, in milliseconds. */
const memoryMillis = 2_000;
const maxRemembered = 1_000;
const maxSpread = 32;

const remembered = new Map<string, Contention>();

/** How many candidates beyond those wanted a claim should read. */
export function spreadFor(scope: string, nowMillis: number): number {
  const known = remembered.get(scope);
  return known && nowMillis - known.lostAt < memoryMillis ? known.spread : 0;
}

/** Doubles the spread after lost races and lets it shrink slowly after clean claims. */
export function noteRaces(scope: string, lost: number, wanted: number, nowMillis: number): void {
  const known = remembered.get(scope);
  if (lost > 0) {
    const spread = Math.min(
      Math.max(maxSpread, 3 * wanted),
      Math.max(8, 2 * wanted, 2 * (known?.spread ?? 0)),
    );
    if (remembered.size >= maxRemembered) remembered.clear();
    remembered.set(scope, { spread, lostAt: nowMillis });
  } else if (known) {
    known.spread = Math.max(0, known.spread - Math.ceil(known.spread / 8));
  }
}

/** Neighbours from a random place within the spread; the very first ones when there is none. */
export function pickSpread<T>(
  pool: readonly T[],
  wanted: number,
  spread: number,
  random: number = Math.random(),
): T[] {
  const last = Math.max(0, Math.min(spread, pool.length - wanted));
  const from = Math.floor(random * (last + 1));
  return pool.slice(from, from + wanted);
}
