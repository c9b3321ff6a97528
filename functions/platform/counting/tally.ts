import type { Key } from '../../shared/dynamo/item.ts';
import type { Write } from '../../shared/dynamo/transaction.ts';
import type { Contribution } from './contributions.ts';

/** Counters of several items, added up. Sums do not depend on the order of their parts, so neither does this. */
export class Tally {
  readonly #items = new Map<string, { key: Key; counters: Map<string, bigint> }>();

  /** @param times −1 takes away */
  add(contributions: Contribution[], times: 1n | -1n = 1n): void {
    for (const { key, counter, amount } of contributions) {
      const name = `${key.pk} ${key.sk}`;
      const item = this.#items.get(name) ?? { key, counters: new Map<string, bigint>() };
      this.#items.set(name, item);
      item.counters.set(counter, (item.counters.get(counter) ?? 0n) + times * amount);
    }
  }

  /** The items with the counters that are not zero. */
  *items(): Generator<{ key: Key; counters: [string, bigint][] }> {
    for (const { key, counters } of this.#items.values()) {
      const moved = [...counters].filter(([, amount]) => amount !== 0n);
      if (moved.length > 0) yield { key, counters: moved };
    }
  }

  /**
   * The updates that move the stored counters by all of this; one for each item.
   * @param place where an item is, if not under its own key
   * @param ttl epoch seconds: how long the items are kept
   */
  writes(place: (key: Key) => Key = (key) => key, ttl?: number): Write[] {
    return [...this.items()].map(({ key, counters }) => ({
      kind: 'update',
      table: 'views',
      key: place(key),
      update: {
        text: `${ttl === undefined ? '' : 'SET #ttl = :ttl '}ADD ${counters.map((_, at) => `#c${at} :c${at}`).join(', ')}`,
        names: {
          ...Object.fromEntries(counters.map(([counter], at) => [`#c${at}`, counter])),
          ...(ttl !== undefined && { '#ttl': 'ttl' }),
        },
        values: {
          ...Object.fromEntries(counters.map(([, amount], at) => [`:c${at}`, amount])),
          ...(ttl !== undefined && { ':ttl': ttl }),
        },
      },
    }));
  }
}
