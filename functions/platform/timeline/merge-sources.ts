/** One row of a source, with its place in it and the time by which sources are merged. */
export interface SourceRow<T> {
  at: string;
  place: string;
  value: T;
}

/** What a source has from some place on, newest first; `next` is where it goes on, absent at its end. */
export interface SourcePage<T> {
  rows: SourceRow<T>[];
  next?: string;
}

/**
 * Takes the newest rows of several sources, each of which is newest first.
 * @param starts where each source was read from; empty for its beginning
 * @returns the rows, and where each source goes on; `ended` when no source has any more
 */
export function mergeSources<T>(
  pages: readonly SourcePage<T>[],
  starts: readonly string[],
  limit: number,
): { rows: T[]; places: string[]; ended: boolean } {
  const places = [...starts];
  const taken = pages.map(() => 0);
  const rows: T[] = [];
  while (rows.length < limit) {
    const newest = newestHead(pages, taken);
    // A source whose further rows are not here yet may have the next one: the page ends before it.
    if (newest === undefined || newest === 'unknown') break;
    const row = pages[newest]?.rows[taken[newest] ?? 0];
    if (!row) break;
    rows.push(row.value);
    places[newest] = row.place;
    taken[newest] = (taken[newest] ?? 0) + 1;
  }
  const left = pages.map(({ rows: all, next }, at) => {
    const consumed = (taken[at] ?? 0) === all.length;
    if (consumed && next !== undefined) places[at] = next;
    return !consumed || next !== undefined;
  });
  return { rows, places, ended: !left.includes(true) };
}

function newestHead<T>(pages: readonly SourcePage<T>[], taken: number[]): number | 'unknown' | undefined {
  let newest: number | undefined;
  for (const [at, { rows, next }] of pages.entries()) {
    const head = rows[taken[at] ?? 0];
    if (!head) {
      if (next !== undefined) return 'unknown';
      continue;
    }
    const best = newest === undefined ? undefined : pages[newest]?.rows[taken[newest] ?? 0];
    if (!best || head.at > best.at) newest = at;
  }
  return newest;
}
