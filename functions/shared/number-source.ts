import { getItem } from './dynamo/table.ts';

/** Where a counter stands in the table, and the value that is drawn from it. */
export interface Drawn {
  stands: number;
  value: number;
}

/** Where the numbers of one transaction come from. */
export interface NumberSource {
  /** @param pk of the counter, whose sort key is `guard`: the stream passes it over */
  draw(pk: string): Promise<Drawn>;
}

/** For a transaction that makes one record. */
export const singleNumbers: NumberSource = {
  draw: async (pk) => {
    const stands = await readCounter(pk);
    return { stands, value: stands + 1 };
  },
};

/**
 * For a transaction that makes several records: each has a slot and gets its number by it, whichever asks first, and
 * the counters are read once. All slots must be used, or there is a gap.
 */
export function sharedNumbers(): (slot: number) => NumberSource {
  const counters = new Map<string, Promise<number>>();
  return (slot) => ({
    draw: async (pk) => {
      const reading = counters.get(pk) ?? readCounter(pk);
      counters.set(pk, reading);
      const stands = await reading;
      return { stands, value: stands + 1 + slot };
    },
  });
}

async function readCounter(pk: string): Promise<number> {
  const item = await getItem('crm', { pk, sk: 'guard' });
  return Number(item?.value ?? 0);
}
