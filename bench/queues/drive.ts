import { cpuMillis } from '../process-cpu.ts';
import { latencyOf } from '../statistics.ts';
import type { Leased, QueueUnderTest } from './queue.ts';

/** One run: some workers for some seconds. */
export interface Drive {
  queue: string;
  workers: number;
  seconds: number;
  /** Tasks enqueued, claimed and completed in one call each; 1 is the plain protocol of three calls a task. */
  batch: number;
}

export interface DriveResult {
  cycles: number;
  perSecond: number;
  /** Of a round: all calls for `batch` tasks, in milliseconds. */
  p50: number;
  p99: number;
  /** CPU of the serving processes for one task, in milliseconds. */
  cpuPerCycle: number;
  errors: number;
  /** Tasks that were handed out to two workers. */
  doubleLeases: number;
  firstError?: string;
}

/**
 * Each worker enqueues, claims and completes as many tasks as it takes, so the queue stays as long as it was.
 * Checks that no id is leased twice and that each completion changed its task.
 */
export async function drive(subject: QueueUnderTest, run: Drive): Promise<DriveResult> {
  const leasedIds = new Set<string>();
  const durations: number[] = [];
  const outcome = { cycles: 0, errors: 0, doubleLeases: 0 } as DriveResult;
  const note = (leased: Leased[]) => {
    for (const { id } of leased) {
      if (leasedIds.has(id)) outcome.doubleLeases += 1;
      leasedIds.add(id);
    }
    return leased;
  };
  const begin = performance.now();
  const end = begin + run.seconds * 1_000;
  const cpuBefore = cpuMillis(subject.pids());
  const worker = run.batch === 1 ? plainWorker : batchingWorker;
  await Promise.all(
    Array.from({ length: run.workers }, () =>
      worker(subject, run, {
        goesOn: () => performance.now() < end,
        note,
        done(count, millis) {
          outcome.cycles += count;
          durations.push(millis);
        },
        failed(error) {
          outcome.errors += 1;
          outcome.firstError ??= error instanceof Error ? error.message : String(error);
        },
      }),
    ),
  );
  const seconds = (performance.now() - begin) / 1_000;
  const { p50, p99 } = latencyOf(durations);
  const cpuPerCycle = (cpuMillis(subject.pids()) - cpuBefore) / outcome.cycles;
  return { ...outcome, perSecond: outcome.cycles / seconds, p50, p99, cpuPerCycle };
}

interface Shift {
  goesOn(): boolean;
  /** Takes note of leases. */
  note(leased: Leased[]): Leased[];
  done(count: number, millis: number): void;
  failed(error: unknown): void;
}

/** Enqueue one, claim one, complete it. */
async function plainWorker(subject: QueueUnderTest, { queue }: Drive, shift: Shift): Promise<void> {
  for (let at = 0; shift.goesOn(); at += 1) {
    const start = performance.now();
    try {
      await subject.enqueue(queue, [{ at }]);
      const leased = shift.note(await subject.claim(queue, 1));
      if (leased.length === 0) throw new Error('nothing to claim');
      await subject.complete(queue, leased);
      shift.done(1, performance.now() - start);
    } catch (error) {
      shift.failed(error);
    }
  }
}

/** Enqueue many, then complete the last ones and claim the next in one call. */
async function batchingWorker(subject: QueueUnderTest, { queue, batch }: Drive, shift: Shift): Promise<void> {
  const inputs = Array.from({ length: batch }, (_, at) => ({ at }));
  let leased: Leased[] = [];
  const next = async (settled: Leased[]) => {
    await subject.enqueue(queue, inputs);
    leased = [];
    leased = shift.note(
      settled.length > 0
        ? await subject.completeAndClaim(queue, settled, batch)
        : await subject.claim(queue, batch),
    );
    if (leased.length === 0) throw new Error('nothing to claim');
  };
  while (shift.goesOn()) {
    const settled = leased;
    const start = performance.now();
    try {
      await next(settled);
      shift.done(settled.length, performance.now() - start);
    } catch (error) {
      shift.failed(error);
    }
  }
  try {
    if (leased.length > 0) await subject.complete(queue, leased);
  } catch (error) {
    shift.failed(error);
  }
}
