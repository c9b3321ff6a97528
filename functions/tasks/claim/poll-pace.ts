/** Between two looks of a waiting claim, in milliseconds: half of it is what a ready task waits on average. */
const pause = { least: 40, most: 60 };

/** Queries in one look up to which the pace is kept; a claim that needs more looks as much more seldom. */
const queriesAtFullPace = 10;

/**
 * The pause before a waiting claim looks again, in milliseconds; what it costs is in docs/decisions/0024-long-polls.md.
 * Claimers that began together must not look together for ever, so it is never the same.
 * @param queries that one look takes: types, each with as many as its queue has parts
 */
export function pollPause(queries: number, random: number = Math.random()): number {
  const stretch = Math.max(1, queries / queriesAtFullPace);
  return stretch * (pause.least + random * (pause.most - pause.least));
}
