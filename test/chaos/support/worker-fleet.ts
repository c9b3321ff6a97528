import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { type LedgerEntry, memoryLedger, readLedger } from './ledger.ts';
import { runWorker, type WorkerSettings } from './worker.ts';

const program = resolve(import.meta.dirname, 'worker-process.ts');

/** Workers that run until they are stopped, and what they noted. */
export interface WorkerFleet {
  entries(): LedgerEntry[];
  /** Lets each finish what it has and waits. @throws {Error} what ended one of them early */
  stop(): Promise<void>;
}

/** Workers in this process: cheap, and as many as a scenario likes. */
export function startWorkers(
  count: number,
  settings: Omit<WorkerSettings, 'workerId'>,
  name = 'worker',
): WorkerFleet {
  const entries: LedgerEntry[] = [];
  const stopping = new AbortController();
  const running = Array.from({ length: count }, (_, index) => {
    const workerId = `${name}-${index}`;
    return runWorker({ ...settings, workerId }, memoryLedger(workerId, entries), stopping.signal);
  });
  // Seen by stop(); until then a failure is no unhandled rejection.
  for (const worker of running) worker.catch(() => {});
  return {
    entries: () => entries,
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

/** One worker in a process of its own. */
export interface WorkerProcess {
  workerId: string;
  process: ChildProcess;
  entries(): LedgerEntry[];
  /** `kill -9` and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM and waits. @throws {Error} when it ended otherwise than by itself */
  stop(): Promise<void>;
}

export function forkWorker(
  settings: WorkerSettings,
  directory: string,
  env: Record<string, string> = {},
): WorkerProcess {
  const file = join(directory, `${settings.workerId}.jsonl`);
  const child = fork(program, [JSON.stringify(settings), file], {
    execArgv: ['--no-warnings'],
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit');
  return {
    workerId: settings.workerId,
    process: child,
    entries: () => readLedger(file),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      child.kill('SIGTERM');
      const [code] = await gone;
      if (code !== 0) throw new Error(`${settings.workerId} ended with ${code}`);
    },
  };
}
