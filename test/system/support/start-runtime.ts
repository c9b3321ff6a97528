import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

/** What `<data>/local.json` says, as far as tests use it. */
export interface LocalStack {
  url: string;
  graphqlUrl: string;
  realtimeUrl: string;
  issuer: string;
  inspectUrl: string;
  tenants: {
    id: string;
    name: string;
    tokens: Record<'owner' | 'admin' | 'manager' | 'member' | 'viewer', string>;
    workerKey: string;
  }[];
}

/** A runtime that a test started. */
export interface RunningRuntime {
  process: ChildProcess;
  dataDir: string;
  stack: LocalStack;
  /** Everything it printed so far. */
  output(): string;
  /** Ends it as Ctrl-C does and waits. */
  stop(): Promise<void>;
  /** `kill -9` and waits. */
  kill(): Promise<void>;
}

export interface StartOptions {
  dataDir?: string;
  port?: number;
  sampleData?: boolean;
  env?: Record<string, string>;
  args?: string[];
  readyMillis?: number;
}

/** A new directory for a runtime's data. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'tandem-test-'));
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolvePort(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Spawns the local runtime and captures what it prints, without waiting until it is ready. */
export async function spawnRuntime(options: StartOptions = {}) {
  const dataDir = options.dataDir ?? temporaryDirectory();
  const port = options.port ?? (await freePort());
  const args = [
    'local/main.ts',
    '--port',
    String(port),
    '--data',
    dataDir,
    ...(options.sampleData ? [] : ['--no-sample-data']),
    ...(options.args ?? []),
  ];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const log = createWriteStream(join(dataDir, 'runtime-output.log'), { flags: 'a' });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-100_000);
      log.write(chunk);
    });
  }
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  return { child, dataDir, port, exited, output: () => output };
}

/** Starts the local runtime and waits until it has written its `local.json`. */
export async function startRuntime(options: StartOptions = {}): Promise<RunningRuntime> {
  const { child, dataDir, exited, output } = await spawnRuntime(options);
  const file = join(dataDir, 'local.json');
  rmSync(file, { force: true });
  const deadline = Date.now() + (options.readyMillis ?? 60_000);
  let ended = false;
  exited.then(() => {
    ended = true;
  });
  while (!existsSync(file)) {
    if (ended) throw new Error(`the runtime ended before it was ready:\n${output()}`);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the runtime was not ready in time:\n${output()}`);
    }
    await new Promise((wake) => setTimeout(wake, 25));
  }
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  return {
    process: child,
    dataDir,
    stack: JSON.parse(readFileSync(file, 'utf8')) as LocalStack,
    output,
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
  };
}
