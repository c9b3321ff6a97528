import type { Candidate } from '../claim/candidates.ts';
import { leaseEnd } from '../claim/take-candidate.ts';
import { judge } from '../indexes/facts.ts';
import type { TaskType } from '../types/task-type.ts';
import { giveBack, isLimited, type Reservation, reserve } from './reserve.ts';
import type { Hold } from './slots.ts';

/** A candidate that the limits of its type let in. */
export interface Admitted {
  candidate: Candidate;
  hold?: Hold;
  /** When its lease ends, epoch milliseconds: no later than its slot. */
  until?: number;
  /** The limited type that a start was reserved of; absent for unlimited types and tasks that are only going to end. */
  limitedBy?: TaskType;
}

/** Those that may be taken, and the types that have no room for more. */
export interface Admission {
  admitted: Admitted[];
  full: TaskType[];
}

/**
 * Reserves slots and starts for the candidates of limited types. Those that have come to their end need none:
 * taking them only writes that down.
 * @param types as they stand: limits are those of today, not those of when a task was made
 */
export async function admit(
  tenantId: string,
  candidates: readonly Candidate[],
  types: readonly TaskType[],
  leaseSeconds: number | undefined,
  nowMillis: number,
): Promise<Admission> {
  const limited = new Map(types.filter(isLimited).map((type) => [type.name, type]));
  if (limited.size === 0) return { admitted: candidates.map((candidate) => ({ candidate })), full: [] };
  const limitOf = (candidate: Candidate) =>
    judge(candidate.facts, nowMillis) === 'claim' ? limited.get(candidate.type.name) : undefined;
  const reservations = new Map<TaskType, Reservation>();
  await Promise.all(
    [...Map.groupBy(candidates, limitOf)].map(async ([type, some]) => {
      if (!type) return;
      const until = Math.max(...some.map((one) => leaseEnd(one.type, leaseSeconds, nowMillis)));
      reservations.set(type, await reserve(tenantId, type, some.length, until, nowMillis));
    }),
  );
  const admitted = candidates.flatMap((candidate): Admitted[] => {
    const type = limitOf(candidate);
    const reserved = type && reservations.get(type);
    if (!type || !reserved) return [{ candidate }];
    if (reserved.granted === 0) return [];
    reserved.granted -= 1;
    const hold = reserved.holds.shift();
    const until = leaseEnd(candidate.type, leaseSeconds, nowMillis);
    return [{ candidate, limitedBy: type, until, ...(hold && { hold }) }];
  });
  const full = [...reservations].flatMap(([type, { limitedUntil }]) =>
    limitedUntil === undefined ? [] : [type],
  );
  return { admitted, full };
}

/** Gives back what was reserved for candidates that could not be leased. */
export async function giveBackUnused(tenantId: string, unused: readonly Admitted[]): Promise<void> {
  await Promise.all(
    [...Map.groupBy(unused, ({ limitedBy }) => limitedBy)].map(async ([type, some]) => {
      if (!type) return;
      const holds = some.flatMap(({ hold }) => (hold ? [hold] : []));
      await giveBack(tenantId, type, holds, some.length);
    }),
  );
}
