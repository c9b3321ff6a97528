/** While work was just asked for or seen, more is likely to come at once, in milliseconds. */
const quickMillis = 2_000;
const quickPause = { least: 50, most: 75 };
/** What a ready task waits for at most, but for the jitter, in milliseconds. */
const longestPause = 1_000;

/**
 * The pause before a waiting claim looks again, in milliseconds; see docs/decisions/0024-long-polls.md.
 * @param idleMillis since the wait began or candidates were last seen
 */
export function pollPause(idleMillis: number, random: number = Math.random()): number {
  if (idleMillis < quickMillis) return quickPause.least + random * (quickPause.most - quickPause.least);
  const pause = Math.min(longestPause, quickPause.most * 2 ** ((idleMillis - quickMillis) / 1_000));
  // Claimers that began together must not look together for ever.
  return pause * (0.8 + 0.4 * random);
}
