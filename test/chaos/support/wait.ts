/** Resolves after so many milliseconds. */
export function sleep(millis: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, millis));
}

/**
 * Asks until the answer is true.
 * @param what for the error's message, e.g. `every task has ended`
 * @throws {Error} when that takes longer than `millis`
 */
export async function until(
  what: string,
  millis: number,
  ask: () => boolean | Promise<boolean>,
  pauseMillis = 100,
): Promise<void> {
  const deadline = performance.now() + millis;
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`not within ${millis / 1000} s: ${what}`);
    await sleep(pauseMillis);
  }
}

/** A whole number from `least` to `most`. */
export function randomBetween(least: number, most: number): number {
  return least + Math.floor(Math.random() * (most - least + 1));
}
