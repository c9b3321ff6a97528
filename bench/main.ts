import { rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRuntime } from '../test/system/support/start-runtime.ts';
import { bundleFunctions } from '../tools/bundle.ts';
import { benchCallCosts } from './call-costs.ts';
import { benchColdImports } from './cold-import.ts';
import { benchContactsAtScale } from './contacts/at-scale.ts';
import { benchDynamoTransport } from './dynamo-transport.ts';
import { benchHandlerOverhead } from './handler-overhead.ts';
import { benchClient } from './http-client.ts';
import { benchImport } from './import.ts';
import { benchTaskCycles } from './task-cycles.ts';
import { benchWaitingWorkers } from './waiting-workers.ts';
import { machine, writeSection } from './written-report.ts';

/**
 * `npm run bench [-- --tasks] [--contacts] [--import] [--large] [--write] [--quick]`: fixed scenarios, everything side by side in
 * one run. `--tasks`, `--contacts` and `--import` run that section only; `--large` adds a million contacts; `--write` puts the
 * tables into docs/benchmarks.md; `--quick` shrinks queues and tables, to see that everything works.
 * Ends with 1 when a task was leased twice or a call failed: that is a fault at any speed.
 */
const { values } = parseArgs({
  options: {
    tasks: { type: 'boolean', default: false },
    contacts: { type: 'boolean', default: false },
    import: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const everything = !values.tasks && !values.contacts && !values.import;
const loadBefore = loadavg()[0] ?? 0;

const report = join(import.meta.dirname, '..', 'docs', 'benchmarks.md');

if (everything) await section('bundles', benchBundles);
if (everything || values.contacts) await section('contacts', benchContacts);
if (everything || values.import) await section('import', benchImports);
if (everything || values.tasks) await section('tasks', benchTasks);
// Last, because it points this process's environment to a database of its own.
if (everything) await section('transport', benchDynamoTransport);
console.log(`\n${machine(loadBefore)}`);

async function section(name: string, bench: () => Promise<void>): Promise<void> {
  await bench();
  if (values.write) writeSection(report, name, loadBefore);
}

async function benchBundles(): Promise<void> {
  const bundles = join(import.meta.dirname, '..', '.build', 'bench-functions');
  bundleFunctions(bundles);
  benchColdImports(bundles);
  await benchHandlerOverhead(bundles);
}

async function benchContacts(): Promise<void> {
  const sizes = values.quick ? [100, 1_000] : [1_000, 100_000, ...(values.large ? [1_000_000] : [])];
  const { errors, worstRatio } = await benchContactsAtScale(sizes);
  console.log(
    `\n${errors} errors; the worst p95 is ${worstRatio.toFixed(2)} × that with ${sizes[0]} contacts (wanted: 1.3)`,
  );
  if (errors > 0) process.exitCode = 1;
}

async function benchImports(): Promise<void> {
  const runtime = await startRuntime();
  try {
    await benchImport(runtime, values.quick);
  } finally {
    await runtime.stop();
    rmSync(runtime.dataDir, { recursive: true, force: true });
  }
}

async function benchTasks(): Promise<void> {
  let runtime = await startRuntime();
  try {
    const tenant = runtime.stack.tenants.find(({ id }) => id === 'acme');
    const client = benchClient(runtime.stack.url, tenant?.tokens.owner ?? '');
    await benchCallCosts(runtime.stack, client);
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
}
