import type { DataDirectory } from '../data-directory.ts';
import { type NorthwindRow, readNorthwind, toCompany, toContact } from './northwind-records.ts';

export interface NorthwindLoad {
  /** The public origin. */
  url: string;
  /** Of somebody who may write records in the tenant. */
  token: string;
  data: DataDirectory;
  /** Called after each batch. */
  progress(done: number, total: number): void;
  signal?: AbortSignal;
}

/** What has been loaded so far: the ids of the customers' companies, by row, and how many rows of the others. */
interface Progress {
  customerIds: string[];
  suppliers: number;
  contacts: number;
  complete: boolean;
}

const progressFile = 'northwind.json';
const batchSize = 50;

/** Whether an earlier run has loaded everything. */
export function isNorthwindLoaded(data: DataDirectory): boolean {
  return readProgress(data).complete;
}

/**
 * Loads customers, suppliers and contact persons through the public batch endpoints. What is done is noted after
 * each batch, and each batch carries an idempotency key, so a load that was killed goes on where it stopped and
 * nothing is there twice.
 * @throws {Error} naming the first row that the API refuses
 */
export async function loadNorthwind({ url, token, data, progress, signal }: NorthwindLoad): Promise<void> {
  const customers = readNorthwind('customers');
  const suppliers = readNorthwind('suppliers');
  const total = 2 * customers.length + suppliers.length;
  const done = readProgress(data);
  const note = (): void => {
    data.write(progressFile, JSON.stringify(done));
    progress(done.customerIds.length + done.suppliers + done.contacts, total);
  };

  while (done.customerIds.length < customers.length) {
    const ids = await send('companies', 'customers', customers, done.customerIds.length, (row) =>
      toCompany(row, 'customer'),
    );
    done.customerIds.push(...ids);
    note();
  }
  while (done.suppliers < suppliers.length) {
    const ids = await send('companies', 'suppliers', suppliers, done.suppliers, (row) =>
      toCompany(row, 'supplier'),
    );
    done.suppliers += ids.length;
    note();
  }
  while (done.contacts < customers.length) {
    const ids = await send('contacts', 'contacts', customers, done.contacts, (row, index) =>
      toContact(row, done.customerIds[index] ?? ''),
    );
    done.contacts += ids.length;
    note();
  }
  done.complete = true;
  data.write(progressFile, JSON.stringify(done));

  /** @returns the ids of the created records, in the order of the rows */
  async function send(
    collection: string,
    name: string,
    rows: NorthwindRow[],
    from: number,
    toRecord: (row: NorthwindRow, index: number) => object,
  ): Promise<string[]> {
    const batch = rows.slice(from, from + batchSize);
    const response = await fetch(`${url}/api/v1/${collection}/batch`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': `northwind-${name}-${from}`,
      },
      body: JSON.stringify({
        operations: batch.map((row, index) => ({ op: 'create', data: toRecord(row, from + index) })),
        atomic: false,
      }),
      signal,
    });
    const text = await response.text();
    if (response.status !== 200 && response.status !== 207) {
      throw new Error(`Northwind: ${collection}/batch answered ${response.status} ${text.slice(0, 300)}`);
    }
    const { results } = JSON.parse(text) as { results: { status: number; data?: { id: string } }[] };
    return results.map((result, index) => {
      if (result.data !== undefined) return result.data.id;
      throw new Error(`Northwind: ${batch[index]?.companyName}: ${JSON.stringify(result)}`);
    });
  }
}

function readProgress(data: DataDirectory): Progress {
  const empty: Progress = { customerIds: [], suppliers: 0, contacts: 0, complete: false };
  return { ...empty, ...(JSON.parse(data.read(progressFile) ?? '{}') as Partial<Progress>) };
}
