const sleep = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis));

/**
 * Lets so many pass in a second, one after the other: never a burst.
 * @returns a function whose promise ends when it is the caller's turn
 */
export function pacer(
  perSecond: number,
  clock: () => number = Date.now,
  wait: (millis: number) => Promise<void> = sleep,
): () => Promise<void> {
  let next = 0;
  return async () => {
    const at = clock();
    const turn = Math.max(at, next);
    next = turn + 1_000 / perSecond;
    if (turn > at) await wait(turn - at);
  };
}
