import type { Counters } from '../counters.ts';

/** What records of one currency come to, in its minor units. */
export interface CurrencyAmount {
  currency: string;
  value: number;
  /** How many records that is. */
  count: number;
}

/** A sum in one currency; 0 where nothing has that currency. @param name e.g. `amount` @param counter e.g. `status:open` */
export function sumOf(counters: Counters, name: string, currency: string, counter = 'total'): number {
  return counters[`${counter}/${name}/${currency}`] ?? 0;
}

/** The sums of a counter in every currency that living records have, by the code of the currency. */
export function sumsOf(counters: Counters, name: string, counter = 'total'): CurrencyAmount[] {
  const prefix = `${counter}/count/`;
  return Object.entries(counters)
    .filter(([key, count]) => key.startsWith(prefix) && count !== 0)
    .map(([key, count]) => {
      const currency = key.slice(prefix.length);
      return { currency, value: sumOf(counters, name, currency, counter), count };
    })
    .sort((a, b) => (a.currency < b.currency ? -1 : 1));
}
