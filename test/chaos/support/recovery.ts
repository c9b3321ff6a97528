import type { LedgerEntry } from './ledger.ts';

/** A task that a worker had when it was gone, until another one got it; milliseconds. */
export interface Recovery {
  sinceLoss: number;
  sinceLeaseEnd: number;
}

/**
 * How long tasks waited for their next lease after the holder was gone.
 * @param losses worker → when it was gone, epoch milliseconds
 */
export function recoveries(entries: LedgerEntry[], losses: Map<string, number>): Recovery[] {
  const leases = entries.filter((entry) => entry.kind === 'leased').toSorted((a, b) => a.at - b.at);
  const settled = new Set(
    entries.flatMap((entry) => (entry.kind === 'completed' || entry.kind === 'failed' ? [entry.token] : [])),
  );
  return leases.flatMap((lease, index) => {
    const lostAt = losses.get(lease.worker);
    if (lostAt === undefined || settled.has(lease.token)) return [];
    const next = leases
      .slice(index + 1)
      .find(({ task, token }) => task === lease.task && token !== lease.token);
    return next ? [{ sinceLoss: next.at - lostAt, sinceLeaseEnd: next.at - lease.leaseExpiresAt }] : [];
  });
}

/** Nearest-rank percentile; NaN of nothing. @param share 0 to 1 */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
