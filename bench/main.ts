import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRuntime } from '../test/system/support/start-runtime.ts';
import { bundleFunctions } from '../tools/bundle.ts';
import { benchCallCosts } from './call-costs.ts';
import { benchColdImports } from './cold-import.ts';
import { benchCrmOperations } from './crm-operations.ts';
import { benchDynamoTransport } from './dynamo-transport.ts';
import { benchHandlerOverhead } from './handler-overhead.ts';
import { benchClient } from './http-client.ts';
import { benchTaskCycles } from './task-cycles.ts';

/**
 * `npm run bench [-- --large]`: one fixed scenario, everything side by side in one run.
 * `--large` adds the backlog of 100 000 tasks (several minutes more to fill).
 */
const { values } = parseArgs({ options: { large: { type: 'boolean', default: false } } });
const bundles = join(import.meta.dirname, '..', '.build', 'bench-functions');

bundleFunctions(bundles);
benchColdImports(bundles);
await benchHandlerOverhead(bundles);

const runtime = await startRuntime();
try {
  const tenant = runtime.stack.tenants.find(({ id }) => id === 'acme');
  const client = benchClient(runtime.stack.url, tenant?.tokens.owner ?? '');
  await benchCallCosts(runtime.stack, client);
  await benchCrmOperations(client);
  await benchTaskCycles(client, values.large ? [100, 1_000, 10_000, 100_000] : [100, 1_000, 10_000]);
  client.close();
} finally {
  await runtime.stop();
  rmSync(runtime.dataDir, { recursive: true, force: true });
}
// Last, because it points this process's environment to a database of its own.
await benchDynamoTransport();
