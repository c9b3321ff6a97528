import type { RunningRuntime } from '../test/system/support/start-runtime.ts';
import { type BenchClient, benchClient } from './http-client.ts';
import { latencyOf } from './statistics.ts';
import { printTable } from './table.ts';

const lanes = 4;
const pickups = 15;
const deaths = 10;

/**
 * How soon a waiting claim gets a task that becomes ready, and how soon the task of a worker that died is leased
 * again. Some queues at once, so that the samples come in reasonable time.
 */
export async function benchWaitingWorkers(runtime: RunningRuntime): Promise<void> {
  const tenant = runtime.stack.tenants.find(({ id }) => id === 'acme');
  const client = benchClient(runtime.stack.url, tenant?.tokens.owner ?? '');
  const pickup = await inLanes(async (lane) => pickupTimes(client, `pickup-${lane}`));
  const recovery = await inLanes(async (lane) => recoveryTimes(client, `recovery-${lane}`));
  client.close();
  printTable(
    'Waiting workers (ms)',
    ['from → to', 'samples', 'p50', 'p95', 'p99', 'at most'],
    [
      ['answer of the enqueue → answer of the waiting claim', ...row(pickup), 'p95 100'],
      ['end of a dead worker’s lease → next lease', ...row(recovery), 'p99 1000'],
    ],
  );
}

async function inLanes(run: (lane: number) => Promise<number[]>): Promise<number[]> {
  return (await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)))).flat();
}

function row(times: number[]): number[] {
  const { p50, p95, p99 } = latencyOf(times);
  return [times.length, p50, p95, p99];
}

async function pickupTimes(client: BenchClient, type: string): Promise<number[]> {
  await client.call('PUT', `/api/v1/task-types/${type}`, { executor: 'worker', leaseSeconds: 300 });
  const times: number[] = [];
  for (let at = 0; at < pickups; at += 1) {
    const waiting = claim(client, type, 20).then((task) => ({ task, at: performance.now() }));
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 1_400));
    await client.call('POST', '/api/v1/tasks', { type, input: { at } });
    const readyAt = performance.now();
    const claimed = await waiting;
    times.push(Math.max(0, claimed.at - readyAt));
    await complete(client, claimed.task);
  }
  return times;
}

async function recoveryTimes(client: BenchClient, type: string): Promise<number[]> {
  await client.call('PUT', `/api/v1/task-types/${type}`, { executor: 'worker', leaseSeconds: 1 });
  const times: number[] = [];
  for (let at = 0; at < deaths; at += 1) {
    await client.call('POST', '/api/v1/tasks', { type, input: { at } });
    const lost = await claim(client, type, 20);
    const again = await claim(client, type, 20);
    // The client and the stack have one clock.
    times.push(Math.max(0, Date.now() - Date.parse(lost.leaseExpiresAt)));
    if (again.id !== lost.id) throw new Error('another task was leased');
    await complete(client, again);
  }
  return times;
}

interface LeasedTask {
  id: string;
  leaseToken: string;
  leaseExpiresAt: string;
}

async function claim(client: BenchClient, type: string, waitSeconds: number): Promise<LeasedTask> {
  const { text } = await client.call('POST', '/api/v1/tasks/claim', {
    types: [type],
    workerId: 'bench',
    waitSeconds,
  });
  const [task] = JSON.parse(text).tasks as LeasedTask[];
  if (!task) throw new Error(`nothing came within ${waitSeconds} s`);
  return task;
}

async function complete(client: BenchClient, { id, leaseToken }: LeasedTask): Promise<void> {
  // A lease of a second may end before that, on a busy machine.
  await client.call('POST', `/api/v1/tasks/${id}/complete`, { leaseToken }).catch(() => {});
}
