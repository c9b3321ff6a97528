import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually } from '../system/support/api.ts';
import { type Receiver, startReceiver } from '../system/support/receiver.ts';

const noise = 500;
const quietTasks = 20;
/** What the runner has in flight of one queue at most: ten batches of ten (lib/processing.ts). */
const inFlight = 100;

let receiver: Receiver;
/** How long the receiver takes for a call, in milliseconds: from 2 to 5 s. */
let callMillis = (calls: number) => 2_000 + ((calls * 1_237) % 3_000);

beforeAll(async () => {
  receiver = await startReceiver(() => ({ delay: callMillis(receiver.calls.length) }));
});
afterAll(() => receiver?.stop());

async function newTenant(): Promise<Api> {
  const api = await callerOf();
  const made = await api.put('/api/v1/task-types/slow', {
    executor: 'http',
    http: { url: receiver.url, timeoutSeconds: 30 },
  });
  expect(made).toMatchObject({ status: 201 });
  return api;
}

/** @returns ids of the tasks */
async function enqueue(api: Api, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const size = Math.min(100, count - ids.length);
    const { status, body } = await api.post('/api/v1/tasks/batch', {
      tasks: Array.from({ length: size }, () => ({ type: 'slow' })),
    });
    expect(status).toBe(200);
    ids.push(...body.results.map(({ data }: { data: { id: string } }) => data.id));
  }
  return ids;
}

interface Times {
  id: string;
  state: string;
  createdAt: string;
  endedAt: string;
}

/** From enqueue to end of each of `count` tasks, in milliseconds, shortest first. */
async function waitsOf(api: Api, count: number): Promise<number[]> {
  const ids = new Set(await enqueue(api, count));
  const done = await eventually(
    async () => {
      const { data } = (await api.get('/api/v1/tasks?type=slow&limit=100')).body;
      return data.filter(({ id, state }: Times) => ids.has(id) && state === 'completed') as Times[];
    },
    ({ length }) => length === count,
    90_000,
  );
  expect(done).toHaveLength(count);
  return done
    .map(({ createdAt, endedAt }) => Date.parse(endedAt) - Date.parse(createdAt))
    .sort((a, b) => a - b);
}

const p95 = (sorted: number[]) => sorted[Math.ceil(sorted.length * 0.95) - 1] ?? Number.NaN;

/** How many of the tasks have been called. */
function begun(ids: readonly string[]): number {
  const called = new Set(receiver.calls.map(({ body }) => body.id));
  return ids.filter((id) => called.has(id)).length;
}

test('a quiet tenant overtakes one that floods the runner, and its wait at most doubles', async () => {
  const quiet = await newTenant();
  const busy = await newTenant();
  // Starts the sandboxes that the flood would start, so that both measurements find the same runner.
  await waitsOf(quiet, inFlight);
  const alone = p95(await waitsOf(quiet, quietTasks));

  const flood = await enqueue(busy, noise);
  await eventually(
    async () => begun(flood),
    (count) => count >= inFlight,
    60_000,
  );
  const beside = p95(await waitsOf(quiet, quietTasks));
  const before = begun(flood);
  process.stdout.write(
    `quiet tenant, p95 from enqueue to end of ${quietTasks} calls of 2 to 5 s: ${alone} ms alone; ${beside} ms after ` +
      `${noise} tasks of another, of which ${before} had begun by then (${(beside / alone).toFixed(2)} ×)\n`,
  );
  // In the order in which they were sent, the whole flood would have begun before the last of the quiet tenant.
  expect(before).toBeLessThan(noise - inFlight);
  // Two seconds for a machine that is busy with other tests.
  expect(beside).toBeLessThanOrEqual(2 * alone + 2_000);

  // The rest of the flood is done, too, and quickly, so that it is in the way of no other test.
  callMillis = () => 0;
  const all = await eventually(
    async () => begun(flood),
    (count) => count === noise,
    120_000,
  );
  expect(all).toBe(noise);
}, 300_000);
