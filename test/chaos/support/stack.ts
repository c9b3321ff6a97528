import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { issueToken } from '../../system/support/api.ts';
import {
  freePort,
  type RunningRuntime,
  startRuntime,
  temporaryDirectory,
} from '../../system/support/start-runtime.ts';
import { spareSandboxes } from './faults.ts';
import { type Client, clientOf } from './http.ts';
import { until } from './wait.ts';

/** The runtime that the scenarios disturb: on its own data and port, with functions that can be made to die. */
export interface ChaosStack {
  url: string;
  /** Where processes of a scenario put their files. */
  dataDir: string;
  /** An owner's token in a tenant of this name. */
  token(tenantId: string): Promise<string>;
  client(tenantId: string): Promise<Client>;
  /** `kill -9` of the whole runtime and a start on what it left. @returns milliseconds until it answered again */
  crash(): Promise<number>;
  /** `kill -9` of the DynamoDB engine alone. @returns milliseconds until it answered again */
  crashDatabase(): Promise<number>;
  stop(): Promise<void>;
}

export async function startStack(): Promise<ChaosStack> {
  const dataDir = temporaryDirectory();
  const port = await freePort();
  const options = {
    dataDir,
    port,
    args: ['--app', 'node test/chaos/support/mortal-app.ts'],
    env: { TANDEM_LOCAL_RETRY_SECONDS: '1', CHAOS_FAULTS: dataDir },
    readyMillis: 120_000,
  };
  let runtime: RunningRuntime = await startRuntime(options);
  const clients: Client[] = [];
  const token = (tenantId: string) => issueToken(runtime.stack, { tenantId, role: 'owner', sub: 'chaos' });
  return {
    url: runtime.stack.url,
    dataDir,
    token,
    async client(tenantId) {
      const client = clientOf(runtime.stack.url, await token(tenantId));
      clients.push(client);
      return client;
    },
    async crash() {
      const began = performance.now();
      await runtime.kill();
      runtime = await startRuntime(options);
      return performance.now() - began;
    },
    async crashDatabase() {
      const began = performance.now();
      const client = clientOf(runtime.stack.url, await token('crash-probe'));
      process.kill(Number(readFileSync(join(dataDir, 'dynamodb', 'dynoxide.pid'), 'utf8')), 'SIGKILL');
      await until(
        'the database answers again',
        60_000,
        async () => {
          const probe = await client.call('GET', '/api/v1/task-types/none').catch(() => undefined);
          return probe?.status === 404;
        },
        20,
      );
      client.close();
      return performance.now() - began;
    },
    async stop() {
      for (const client of clients) client.close();
      spareSandboxes(dataDir);
      await runtime.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
