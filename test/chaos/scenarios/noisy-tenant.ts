import { randomUUID } from 'node:crypto';
import { startReceiver } from '../../system/support/receiver.ts';
import { readTasks, settleAll } from '../support/account.ts';
import type { Client } from '../support/http.ts';
import { produce, registerType } from '../support/producer.ts';
import { percentile } from '../support/recovery.ts';
import type { FairnessRow } from '../support/report.ts';
import type { ChaosStack } from '../support/stack.ts';
import { sleep, until } from '../support/wait.ts';
import { startWorkers } from '../support/worker-fleet.ts';

/** Nine of ten tasks are the loud tenant's. */
const noisePerTask = 9;

/**
 * Tasks that workers claim. Nothing but the machine is shared: the queues of tenants are partitions of their own.
 * So the load is one that two cores take, and quiet and noisy times alternate, since others use the machine too.
 */
export async function noisyWorkers(stack: ChaosStack): Promise<FairnessRow> {
  const type = 'noisy';
  const [quiet, loud] = await Promise.all(
    ['chaos-quiet', 'chaos-loud'].map(async (tenant, index) => {
      const client = await stack.client(tenant);
      await registerType(client, type, { leaseSeconds: 60 });
      const workers = startWorkers(index === 0 ? 2 : 4, {
        url: stack.url,
        token: await stack.token(tenant),
        types: [type],
        max: index === 0 ? 1 : 5,
        waitSeconds: 5,
        workMillis: [1, 5],
        repeatsClaims: true,
      });
      return { client, workers };
    }),
  );
  if (!quiet || !loud) throw new Error('two tenants');
  const alone: string[] = [];
  const beside: string[] = [];
  for (const [noisy, ids] of [
    [false, alone],
    [true, beside],
    [false, alone],
    [true, beside],
  ] as const) {
    const perPhase = 24;
    const quietly = produce(quiet.client, { type, count: perPhase, batch: 1, pace: () => sleep(220) });
    const loudly = noisy
      ? produce(loud.client, {
          type,
          count: noisePerTask * perPhase,
          batch: noisePerTask,
          pace: () => sleep(220),
        })
      : [];
    ids.push(...(await quietly));
    await loudly;
  }
  const all = new Set([...alone, ...beside]);
  const leased = () =>
    quiet.workers
      .entries()
      .flatMap((entry) => (entry.kind === 'leased' && all.has(entry.task) ? [entry] : []));
  await until('the quiet tenant has its tasks', 20_000, () => leased().length >= all.size);
  const stored = await readTasks(quiet.client, type);
  const waits = new Map(
    leased().map(({ task, at }) => [task, at - Date.parse(stored.get(task)?.createdAt ?? '')]),
  );
  await Promise.all([quiet.workers.stop(), loud.workers.stop()]);
  return {
    path: 'tasks of workers, from enqueue to lease',
    noise: `${noisePerTask} × the quiet tenant's load`,
    tasks: all.size + noisePerTask * beside.length,
    lost: 0,
    quietP95Millis: percentile(
      alone.map((id) => waits.get(id) ?? Number.POSITIVE_INFINITY),
      0.95,
    ),
    noisyP95Millis: percentile(
      beside.map((id) => waits.get(id) ?? Number.POSITIVE_INFINITY),
      0.95,
    ),
  };
}

const quietCalls = 40;
/** Enough for every sandbox that the queue may have at work: ten batches of ten. */
const warmUpCalls = 100;
const callMillis = 1_000;

/**
 * Tasks that the runner does, all of them through one queue and its few sandboxes, behind a backlog of the loud
 * tenant. What the quiet one waits for is the result: a call takes a second, and so does a place that gets free.
 */
export async function noisyRunner(stack: ChaosStack): Promise<FairnessRow> {
  // Another one each time: a type is known for half a minute, and each time has a receiver of its own.
  const type = `noisy-calls-${randomUUID().slice(0, 8)}`;
  const receiver = await startReceiver(() => ({ delay: callMillis }));
  const [quiet, loud] = await Promise.all(
    ['chaos-quiet', 'chaos-loud'].map(async (tenant) => {
      const client = await stack.client(tenant);
      await registerType(client, type, { executor: 'http', http: { url: receiver.url, timeoutSeconds: 20 } });
      return client;
    }),
  );
  if (!quiet || !loud) throw new Error('two tenants');
  // As many sandboxes as the noise would start are started, so that both measurements find the same runner.
  await runCalls(loud, type, warmUpCalls);
  const alone = await runCalls(quiet, type, quietCalls);
  await produce(loud, { type, count: noisePerTask * quietCalls, batch: 90 });
  const beside = await runCalls(quiet, type, quietCalls);
  const noise = [...(await readTasks(loud, type)).keys()];
  const lost = (await settleAll(loud, type, noise, 120_000)).filter(({ state }) => state !== 'completed');
  await receiver.stop();
  return {
    path: '`http` tasks, from enqueue to result',
    noise: `a backlog of ${noisePerTask} × the quiet tenant's tasks`,
    tasks: warmUpCalls + (2 + noisePerTask) * quietCalls,
    lost: lost.length,
    quietP95Millis: percentile(alone, 0.95),
    noisyP95Millis: percentile(beside, 0.95),
  };
}

/** @returns milliseconds from enqueue to end of each */
async function runCalls(client: Client, type: string, count: number): Promise<number[]> {
  const ids = await produce(client, { type, count, batch: 10, pace: () => sleep(100) });
  const stored = await settleAll(client, type, ids, 120_000);
  return stored
    .filter(({ id }) => ids.includes(id))
    .map(({ createdAt, endedAt }) => Date.parse(endedAt ?? '') - Date.parse(createdAt));
}
