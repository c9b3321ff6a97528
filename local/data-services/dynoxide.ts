import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../start-error.ts';
import type { Service } from '../types.ts';
import { findDynoxide } from './dynoxide-binary.ts';
import { findFreePort } from './free-port.ts';
import { endLeftover, rememberProcess } from './leftover-process.ts';
import { guardChild } from './watchdog.ts';

/** The DynamoDB engine: an own process on an own port, its tables in one SQLite file. */
export interface Dynoxide extends Service {
  /** `http://127.0.0.1:<port>`; the same for the life of this object, also across restarts of the process. */
  url: string;
  databasePath: string;
  /** Memory and tests ask; undefined while it restarts. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** How long a fresh process may take to answer; it needs some 50 ms. */
const readyTimeoutMs = 10_000;

/**
 * Starts dynoxide and waits until it answers. Should it die, it is started again, at most every 5 s.
 * What it acknowledged survives `kill -9`: SQLite in WAL mode has it in the file before it answers.
 */
export async function startDynoxide(directory: string, log: (line: string) => void): Promise<Dynoxide> {
  const program = findDynoxide();
  const databasePath = join(directory, 'dynamodb.sqlite');
  const pidFile = join(directory, 'dynoxide.pid');
  await endLeftover(pidFile, databasePath);

  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let stopping = false;
  let failures = 0;
  await run();

  return {
    url,
    databasePath,
    pid: () => child?.pid,
    async stop() {
      stopping = true;
      if (child === undefined || child.exitCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child?.kill('SIGKILL'), 2000);
      await gone;
      clearTimeout(timer);
    },
  };

  async function run(): Promise<void> {
    const started = spawn(program, ['serve', '--port', String(port), '--db-path', databasePath], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    started.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-500);
    });
    started.once('error', (error) => {
      complaint = error.message;
    });
    started.unref();
    child = started;
    const dismiss = started.pid === undefined ? () => {} : guardChild(started.pid);
    if (started.pid !== undefined) rememberProcess(pidFile, started.pid);
    started.once('exit', () => {
      dismiss();
      child = undefined;
      if (!stopping) void restart(complaint.trim());
    });
    await waitUntilReady(
      url,
      () => child === undefined,
      () => complaint.trim(),
    );
  }

  async function restart(complaint: string): Promise<void> {
    failures += 1;
    log(`the DynamoDB engine ended${complaint ? ` (${complaint})` : ''}; starting it again`);
    await sleep(Math.min(5000, 100 * 2 ** failures));
    if (stopping) return;
    try {
      await run();
      failures = 0;
    } catch (error) {
      log(error instanceof Error ? error.message : String(error));
    }
  }
}

async function waitUntilReady(url: string, ended: () => boolean, complaint: () => string): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  while (Date.now() < deadline) {
    if (ended())
      throw new StartError(`The DynamoDB engine does not start: ${complaint() || 'it ended at once'}.`);
    try {
      await fetch(url, { signal: AbortSignal.timeout(1000) });
      return;
    } catch {
      await sleep(15);
    }
  }
  throw new StartError(`The DynamoDB engine does not answer within ${readyTimeoutMs / 1000} s.`);
}
