/**
 * How much two names are alike, 0 to 1, whatever the order of their parts: equal parts, initials, short forms and
 * slips of the pen count.
 * @param a parts without case and accents
 */
export function nameSimilarity(a: readonly string[], b: readonly string[]): number {
  const [few, many] = a.length <= b.length ? [a, b] : [b, a];
  if (few.length === 0) return 0;
  const left = [...many];
  let sum = 0;
  for (const part of few) {
    const likeness = left.map((other) => partSimilarity(part, other));
    const best = Math.max(...likeness);
    left.splice(likeness.indexOf(best), 1);
    sum += best;
  }
  // One part alone says little of a name that has more.
  const missing = few.length === 1 && many.length > 1 ? 0.4 : 0.05 * left.length;
  return Math.max(0, sum / few.length - missing);
}

function partSimilarity(a: string, b: string): number {
  if (a === b) return 1;
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.startsWith(short)) return short.length === 1 ? 0.8 : short.length >= 3 ? 0.85 : 0;
  if (short.length < 3) return 0;
  const allowed = long.length >= 8 ? 2 : 1;
  const distance = editDistance(short, long, allowed);
  return distance > allowed ? 0 : 1 - distance * (long.length >= 5 ? 0.1 : 0.2);
}

/** Letters to insert, leave out, replace or swap with their neighbour; more than `limit` is not counted out. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
