import { rmSync } from 'node:fs';
import { loadavg } from 'node:os';
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
import { benchWaitingWorkers } from './waiting-workers.ts';
import { machine, writeReport } from './written-report.ts';

/**
 * `npm run bench [-- --tasks] [--write] [--quick]`: one fixed scenario, everything side by side in one run.
 * `--tasks` leaves out all but the task queue; `--write` puts the tables into docs/benchmarks.md; `--quick` shrinks
 * the queues, to see that everything works.
 * Ends with 1 when a task was leased twice or a call failed: that is a fault at any speed.
 */
const { values } = parseArgs({
  options: {
    tasks: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const bundles = join(import.meta.dirname, '..', '.build', 'bench-functions');
const loadBefore = loadavg()[0] ?? 0;

if (!values.tasks) {
  bundleFunctions(bundles);
  benchColdImports(bundles);
  await benchHandlerOverhead(bundles);
}

let runtime = await startRuntime();
try {
  const tenant = runtime.stack.tenants.find(({ id }) => id === 'acme');
  const client = benchClient(runtime.stack.url, tenant?.tokens.owner ?? '');
  await benchCallCosts(runtime.stack, client);
  if (!values.tasks) await benchCrmOperations(client);
  client.close();
  await benchWaitingWorkers(runtime);
  const cycles = await benchTaskCycles(runtime, values.quick);
  runtime = cycles.runtime;
  const { errors, doubleLeases, keptAtLength } = cycles.verdict;
  console.log(
    `\n${errors} errors, ${doubleLeases} double leases; at 100 000 pending ${keptAtLength.toFixed(2)} × the rate at 100 (wanted: 0.8)`,
  );
  if (errors + doubleLeases > 0) process.exitCode = 1;
} finally {
  await runtime.stop();
  rmSync(runtime.dataDir, { recursive: true, force: true });
}
// Last, because it points this process's environment to a database of its own.
if (!values.tasks) await benchDynamoTransport();
console.log(`\n${machine(loadBefore)}`);
if (values.write) writeReport(join(import.meta.dirname, '..', 'docs', 'benchmarks.md'), loadBefore);
