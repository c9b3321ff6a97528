/**
 * Claim order: lower ranks first. A priority is a head start in seconds, so nothing starves: a task of priority
 * 10 under a weight of 60 overtakes those that were ready up to ten minutes before it, and no others.
 * @param readyMillis when the task became ready, epoch milliseconds
 * @param priority −100 to 100
 * @returns epoch milliseconds; may lie in the future for negative priorities
 */
export function rankOf(readyMillis: number, priority: number, weightSeconds: number): number {
  return readyMillis - priority * weightSeconds * 1_000;
}

/** When a task of this rank became ready: the other way round. */
export function readyAt(rank: number, priority: number, weightSeconds: number): number {
  return rank + priority * weightSeconds * 1_000;
}

/** Digits of a sortable number of milliseconds: enough until the year 33658. */
const width = 15;

/** A whole number ≥ 0 whose text sorts as the number does. */
export function sortable(millis: number): string {
  return String(Math.max(0, Math.floor(millis))).padStart(width, '0');
}
