import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/system/support/start-runtime.ts';

/** A PostgreSQL of its own in a temporary directory, with Debian's defaults: durable commits, autovacuum. */
export interface Postgres {
  connectionString: string;
  pid: number;
  stop(): Promise<void>;
}

const installations = '/usr/lib/postgresql';
/** `nobody`: initdb refuses to run as root. */
const unprivileged = 65_534;

/** Directory of the newest PostgreSQL's programs, or undefined when none is installed. */
export function findPostgres(): string | undefined {
  if (!existsSync(installations)) return undefined;
  const versions = readdirSync(installations).sort((a, b) => Number(b) - Number(a));
  return versions
    .map((version) => join(installations, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
}

/** @throws {Error} with what initdb said */
export async function startPostgres(bin: string): Promise<Postgres> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-postgres-'));
  const identity = userInfo().uid === 0 ? { uid: unprivileged, gid: unprivileged } : {};
  if (identity.uid !== undefined) chownSync(directory, identity.uid, identity.gid);
  const data = join(directory, 'data');
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
    { ...identity, cwd: directory, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const port = await freePort();
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', directory],
    {
      ...identity,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const complaint = await ready(server);
  if (complaint !== undefined) throw new Error(`postgres: ${complaint}`);
  return {
    connectionString: `postgres://bench@127.0.0.1:${port}/postgres`,
    pid: server.pid ?? 0,
    async stop() {
      if (server.exitCode === null) {
        const exit = once(server, 'exit');
        // Its "fast" shutdown.
        server.kill('SIGINT');
        await exit;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** @returns what it complained of when it did not start */
async function ready(server: ChildProcess): Promise<string | undefined> {
  let said = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  while (!said.includes('ready to accept connections')) {
    if (server.exitCode !== null) return said;
    await sleep(25);
  }
  return undefined;
}
