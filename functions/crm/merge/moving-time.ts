/** How long a request moves references, in milliseconds; its task goes on. */
const movingMillis = 5_000;

/** Begins the time of a request. @returns whether it is over */
export function movingTime(): () => boolean {
  const until = Date.now() + movingMillis;
  return () => Date.now() >= until;
}
