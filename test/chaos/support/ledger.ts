import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** What a worker saw of one lease. Times are epoch milliseconds. */
export type LedgerEntry = { at: number; worker: string } & (
  | { kind: 'leased'; task: string; token: string; leaseExpiresAt: number; attempt: number }
  | { kind: 'started'; task: string; token: string }
  /** The complete was answered with 200. */
  | { kind: 'completed'; task: string; token: string }
  | { kind: 'failed'; task: string; token: string; state: string }
  | { kind: 'refused'; task: string; token: string; status: number; code: string }
  /** A claim that was not answered with leases: 0 for no answer, or a status of 500 and above. */
  | { kind: 'claimBroken'; status: number }
);

type WithoutOrigin<T> = T extends unknown ? Omit<T, 'at' | 'worker'> : never;
export type LedgerNote = WithoutOrigin<LedgerEntry>;

export interface Ledger {
  note(entry: LedgerNote): void;
}

/** Epoch milliseconds that do not jump when the worker's `Date` does. */
const steadyNow = () => performance.timeOrigin + performance.now();

/** A ledger in memory, for workers of this process. */
export function memoryLedger(worker: string, entries: LedgerEntry[]): Ledger {
  return { note: (entry) => entries.push({ at: steadyNow(), worker, ...entry } as LedgerEntry) };
}

/** One line each, written before the worker goes on: what was noted outlives its `kill -9`. */
export function fileLedger(worker: string, file: string): Ledger {
  return {
    note: (entry) => appendFileSync(file, `${JSON.stringify({ at: steadyNow(), worker, ...entry })}\n`),
  };
}

/** The entries of a file so far. */
export function readLedger(file: string): LedgerEntry[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as LedgerEntry);
}
