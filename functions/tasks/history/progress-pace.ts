/** The first messages of an attempt are all kept. */
export const keptOneByOne = 100;
/** Later ones: so many while the age of the attempt doubles. A day of one message a second leaves some 450. */
const keptPerDoubling = 32;
const shortestMillis = 1_000;

/**
 * The stretch of time that a later message falls into; the first message of each is kept. Stretches grow with
 * the age of the attempt, so that what is kept grows only with its logarithm.
 * @returns when the stretch began, epoch milliseconds
 */
export function stretchOf(atMillis: number, startedMillis: number): number {
  const age = Math.max(1, atMillis - startedMillis);
  const length = Math.max(shortestMillis, Math.floor(2 ** Math.floor(Math.log2(age)) / keptPerDoubling));
  return startedMillis + Math.floor(age / length) * length;
}
