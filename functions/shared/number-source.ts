import { getItem } from './dynamo/table.ts';

/**
 * The numbers that one transaction draws. Several records that it makes have one after the other, and the counter is
 * moved once, by the write of the last.
 */
export class NumberSource {
  private readonly drawn = new Map<string, { stands: number; last: number }>();
  private readonly reading = new Map<string, Promise<number>>();

  /** Reads where a counter stands, once. */
  async read(pk: string): Promise<void> {
    const reading = this.reading.get(pk) ?? readCounter(pk);
    this.reading.set(pk, reading);
    const stands = await reading;
    if (!this.drawn.has(pk)) this.drawn.set(pk, { stands, last: stands });
  }

  /** The next value of a counter that has been read, with the value that the table holds. */
  next(pk: string): { stands: number; value: number } {
    const counter = this.drawn.get(pk);
    if (!counter) throw new Error(`the counter ${pk} has not been read`);
    counter.last += 1;
    return { stands: counter.stands, value: counter.last };
  }
}

async function readCounter(pk: string): Promise<number> {
  const item = await getItem('crm', { pk, sk: 'guard' });
  return Number(item?.value ?? 0);
}
