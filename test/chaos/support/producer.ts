import { randomUUID } from 'node:crypto';
import type { Client } from './http.ts';
import { sleep } from './wait.ts';

/** Tasks to make. */
export interface Order {
  type: string;
  count: number;
  /** Tasks in a batch; 10 when left out. */
  batch?: number;
  /** Waited for before each batch; gets how many tasks were made so far. */
  pace?: (made: number) => Promise<void>;
  /** Members of the task beside its type. */
  task?: (index: number) => Record<string, unknown>;
}

/** Registers a type of task for workers. */
export async function registerType(client: Client, name: string, settings: object): Promise<void> {
  const answer = await client.insist('PUT', `/api/v1/task-types/${name}`, {
    executor: 'worker',
    ...settings,
  });
  if (answer.status > 201) throw new Error(`PUT task-types/${name} → ${JSON.stringify(answer)}`);
}

/**
 * Enqueues tasks in batches, each repeated under its `Idempotency-Key` until it is acknowledged.
 * @returns ids of the acknowledged tasks, in order
 */
export async function produce(client: Client, { type, count, batch = 10, pace, task }: Order) {
  const ids: string[] = [];
  for (let made = 0; made < count; made += batch) {
    await pace?.(made);
    const tasks = Array.from({ length: Math.min(batch, count - made) }, (_, at) => ({
      type,
      input: { at: made + at },
      ...task?.(made + at),
    }));
    ids.push(...(await enqueue(client, tasks)));
  }
  return ids;
}

async function enqueue(client: Client, tasks: object[]): Promise<string[]> {
  const headers = { 'idempotency-key': randomUUID() };
  for (;;) {
    const { status, body } = await client.insist('POST', '/api/v1/tasks/batch', { tasks }, headers);
    if (status === 200) return body.results.map(({ data }: { data: { id: string } }) => data.id);
    // What was refused for a passing reason is tried again under the same key.
    const passing =
      status === 207 &&
      body.results.every((result: { status: number }) => result.status < 300 || result.status >= 500);
    if (!passing && body?.code !== 'idempotency_in_flight') {
      throw new Error(`POST tasks/batch → ${status} ${JSON.stringify(body)}`);
    }
    await sleep(100);
  }
}
