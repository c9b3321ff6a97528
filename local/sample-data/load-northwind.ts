import type { DataDirectory } from '../data-directory.ts';
import { type LoadStep, northwindSteps, type StepIds } from './northwind-steps.ts';

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

/** What has been loaded so far: the ids of the records of each step, in the order of its rows. */
interface Progress {
  ids: StepIds;
  complete: boolean;
}

const progressFile = 'northwind.json';
const batchSize = 50;

/** Whether an earlier run has loaded everything. */
export function isNorthwindLoaded(data: DataDirectory): boolean {
  return readProgress(data).complete;
}

/**
 * Loads all of Northwind through the public batch endpoints. What is done is noted after each batch, and each batch
 * carries an idempotency key, so a load that was killed goes on where it stopped and nothing is there twice.
 * @throws {Error} naming the first row that the API refuses
 */
export async function loadNorthwind({ url, token, data, progress, signal }: NorthwindLoad): Promise<void> {
  const steps = northwindSteps();
  const total = steps.reduce((sum, { size }) => sum + size, 0);
  const done = readProgress(data);
  const note = () => data.write(progressFile, JSON.stringify(done));
  for (const step of steps) {
    const ids = done.ids[step.name] ?? [];
    done.ids[step.name] = ids;
    while (ids.length < step.size) {
      ids.push(...(await sendBatch(step, ids.length, done.ids)));
      note();
      progress(
        Object.values(done.ids).reduce((sum, known) => sum + known.length, 0),
        total,
      );
    }
  }
  done.complete = true;
  note();

  /** @returns the ids of the created records, in the order of the rows */
  async function sendBatch({ name, collection, size, body }: LoadStep, from: number, known: StepIds) {
    const rows = Array.from({ length: Math.min(batchSize, size - from) }, (_, index) => from + index);
    const operations = rows.map((row) => ({ op: 'create', data: body(row, known) }));
    const response = await fetch(`${url}/api/v1/${collection}/batch`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': `northwind-${name}-${from}`,
      },
      body: JSON.stringify({ operations, atomic: false }),
      signal,
    });
    const text = await response.text();
    if (response.status !== 200 && response.status !== 207) {
      throw new Error(`Northwind: ${collection}/batch answered ${response.status} ${text.slice(0, 300)}`);
    }
    const { results } = JSON.parse(text) as { results: { status: number; data?: { id: string } }[] };
    return results.map((result, index) => {
      if (result.data !== undefined) return result.data.id;
      throw new Error(`Northwind: row ${from + index} of ${name}: ${JSON.stringify(result)}`);
    });
  }
}

function readProgress(data: DataDirectory): Progress {
  const empty: Progress = { ids: {}, complete: false };
  return { ...empty, ...(JSON.parse(data.read(progressFile) ?? '{}') as Partial<Progress>) };
}
