import { type RunningRuntime, startRuntime } from '../test/system/support/start-runtime.ts';
import { benchClient } from './http-client.ts';
import { type PgBossServer, startPeer } from './peer/start-peer.ts';
import { type Drive, type DriveResult, drive } from './queues/drive.ts';
import { pgBossQueue } from './queues/pg-boss-queue.ts';
import type { QueueUnderTest } from './queues/queue.ts';
import { seedTasks } from './queues/seed-tasks.ts';
import { tandemQueue } from './queues/tandem-queue.ts';
import { type Cell, printTable } from './table.ts';

/** The fixed scenario: what stands in the queue while workers enqueue, claim and complete beside it. */
const backlogs = [
  { queue: 'pending-100', pending: 100, completed: 0 },
  { queue: 'pending-1000', pending: 1_000, completed: 0 },
  { queue: 'pending-10000', pending: 10_000, completed: 0 },
  { queue: 'pending-100000', pending: 100_000, completed: 0 },
  { queue: 'completed-100000', pending: 100, completed: 100_000 },
] as const;

/** Both systems take turns on each row; a run this long, after a shorter one that warms up. */
const runSeconds = 3;
const warmSeconds = 1;

/** `quick` makes the backlogs and the runs smaller by this: it shows that the scenario works and measures nothing. */
const quickDivisor = 100;

/** Tasks of one call of the batched protocol: what a claim gives at most. */
const batch = 25;

/** How the numbers of both systems compare, and whether anything went wrong. */
export interface CycleVerdict {
  errors: number;
  doubleLeases: number;
  /** Our rate at 100 000 pending over that at 100, eight workers. */
  keptAtLength: number;
}

/**
 * Tasks through enqueue → claim → complete over HTTP, beside pg-boss on PostgreSQL. Restarts the stack once, to
 * fill its table.
 * @returns the stack that runs then
 */
export async function benchTaskCycles(
  runtime: RunningRuntime,
  quick = false,
): Promise<{ runtime: RunningRuntime; verdict: CycleVerdict }> {
  const peer = await startPeer();
  try {
    const filled = await fill(runtime, typeof peer === 'string' ? undefined : peer, quick ? quickDivisor : 1);
    return { runtime: filled, verdict: await measureAll(filled, peer, quick ? 0.2 : 1) };
  } finally {
    if (typeof peer !== 'string') await peer.stop();
  }
}

async function fill(
  runtime: RunningRuntime,
  peer: PgBossServer | undefined,
  divisor: number,
): Promise<RunningRuntime> {
  const start = performance.now();
  const tenant = runtime.stack.tenants.find(({ id }) => id === 'acme');
  const client = benchClient(runtime.stack.url, tenant?.tokens.owner ?? '');
  const seeds = [];
  for (const { queue, ...lengths } of backlogs) {
    const pending = Math.max(100, lengths.pending / divisor);
    const completed = lengths.completed / divisor;
    const { text } = await client.call('PUT', `/api/v1/task-types/${queue}`, {
      executor: 'worker',
      leaseSeconds: 300,
    });
    seeds.push({ type: JSON.parse(text), pending, completed });
    await peer?.seed(queue, pending, completed);
  }
  client.close();
  await runtime.stop();
  await seedTasks(runtime.dataDir, seeds);
  const filled = await startRuntime({ dataDir: runtime.dataDir });
  console.log(`\nQueues filled in ${((performance.now() - start) / 1_000).toFixed(0)} s`);
  return filled;
}

async function measureAll(
  runtime: RunningRuntime,
  peer: PgBossServer | string,
  timeScale: number,
): Promise<CycleVerdict> {
  const ours = tandemQueue(runtime);
  const theirs = typeof peer === 'string' ? undefined : pgBossQueue(peer);
  if (typeof peer === 'string') console.log(`\n${peer}`);
  const verdict: CycleVerdict = { errors: 0, doubleLeases: 0, keptAtLength: 0 };
  const compare = async (queue: string, workers: number, size: number): Promise<Cell[]> => {
    const own = await measured(ours, { queue, workers, batch: size }, timeScale, verdict);
    const other = theirs && (await measured(theirs, { queue, workers, batch: size }, timeScale));
    return [...columnsOf(own), ...(other ? [...columnsOf(other), own.perSecond / other.perSecond] : [])];
  };

  const plain: Cell[][] = [];
  const rates = new Map<string, number>();
  for (const { queue, pending, completed } of backlogs) {
    for (const workers of [1, 8]) {
      const cells = await compare(queue, workers, 1);
      rates.set(`${queue} ${workers}`, Number(cells[0]));
      plain.push([pending, completed, workers, ...cells]);
    }
  }
  const batched: Cell[][] = [];
  for (const { queue, pending, completed } of [backlogs[0], backlogs[3]]) {
    for (const workers of [1, 8]) {
      batched.push([pending, completed, workers, ...(await compare(queue, workers, batch))]);
    }
  }
  verdict.keptAtLength = (rates.get('pending-100000 8') ?? 0) / (rates.get('pending-100 8') ?? 1);

  const columns = ['pending', 'completed', 'workers', ...headings('tandem')];
  if (theirs) columns.push(...headings('pg-boss'), 'tandem ÷ pg-boss');
  printTable('Tasks through enqueue → claim → complete over HTTP, three calls a task', columns, plain);
  printTable(`The same, ${batch} tasks to a call: enqueue, then complete and claim in one`, columns, batched);
  await ours.close();
  await theirs?.close();
  return verdict;
}

async function measured(
  subject: QueueUnderTest,
  run: Omit<Drive, 'seconds'>,
  timeScale: number,
  verdict?: CycleVerdict,
): Promise<DriveResult> {
  await drive(subject, { ...run, seconds: warmSeconds * timeScale });
  const result = await drive(subject, { ...run, seconds: runSeconds * timeScale });
  const { firstError, errors, doubleLeases } = result;
  if (firstError) console.log(`${subject.name}, ${run.queue}, ${run.workers} workers: ${firstError}`);
  if (verdict) {
    verdict.errors += errors;
    verdict.doubleLeases += doubleLeases;
  }
  return result;
}

function headings(name: string): string[] {
  return [`${name}/s`, 'p50 ms', 'CPU ms', 'errors', 'twice'];
}

function columnsOf({ perSecond, p50, cpuPerCycle, errors, doubleLeases }: DriveResult): Cell[] {
  return [perSecond, p50, cpuPerCycle, errors, doubleLeases];
}
