import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { benchClient } from '../http-client.ts';
import { findPostgres, type Postgres, startPostgres } from './postgres.ts';

/** pg-boss behind its minimal HTTP server, on a PostgreSQL of its own. */
export interface PgBossServer {
  url: string;
  pids: number[];
  /** Makes a queue with jobs that wait and jobs that are done, and lets PostgreSQL vacuum and count it. */
  seed(queue: string, pending: number, completed: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the peer, or says in a line why there is none. */
export async function startPeer(): Promise<PgBossServer | string> {
  const bin = findPostgres();
  if (!bin)
    return 'pg-boss is left out: no PostgreSQL under /usr/lib/postgresql (Debian: apt install postgresql)';
  const postgres = await startPostgres(bin);
  try {
    return await startServer(postgres);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

async function startServer(postgres: Postgres): Promise<PgBossServer> {
  const { connectionString } = postgres;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'pg-boss-server.ts')], {
    env: { ...process.env, DATABASE_URL: connectionString },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error('the server of pg-boss did not start');
    }),
  ]);
  const url = `http://127.0.0.1:${String(port).trim()}`;
  const client = benchClient(url, 'none');
  return {
    url,
    pids: [child.pid ?? 0, postgres.pid],
    async seed(queue, pending, completed) {
      await client.call('POST', '/seed', { queue, pending, completed });
    },
    async stop() {
      client.close();
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
      await postgres.stop();
    },
  };
}
