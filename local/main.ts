import { resolve } from 'node:path';
import { readCommandLine, usage } from './command-line.ts';
import { describeStack } from './describe-stack.ts';
import { createProgressLine } from './progress-line.ts';
import { releaseMemory } from './release-memory.ts';
import { type Runtime, startRuntime } from './runtime.ts';
import { StartError } from './start-error.ts';
import { TemplateError } from './template/template-error.ts';

const root = resolve(import.meta.dirname, '..');

/** When the first requests after the start are probably over. */
const quietMs = 1000;

/** `npm start`: runs the stack until it is told to stop. */
async function main(): Promise<void> {
  const options = readCommandLine(process.argv.slice(2), process.cwd());
  if (options === undefined) return void console.log(usage);

  const startedAt = performance.now();
  const line = createProgressLine(process.stdout);
  const starting = startRuntime({
    ...options,
    root,
    environment: process.env,
    log: (text) => line.print(`tandem: ${text}`),
    progress: (done, total) => line.update(`Loading sample data: ${done} of ${total}`),
  });
  stopOnSignal(starting);
  const runtime = await starting;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  line.print(describeStack(runtime.local, options.dataDir, seconds));
  setTimeout(releaseMemory, quietMs).unref();
  await runtime.sampleData;
  line.end();
  setTimeout(releaseMemory, quietMs).unref();
}

/** Ctrl-C, a plain `kill`, or the end of the `npm` that started us; a second signal does not wait. */
function stopOnSignal(starting: Promise<Runtime>): void {
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) process.exit(130);
    stopping = true;
    const runtime = await starting.catch(() => undefined);
    await runtime?.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && void stop(), 1000).unref();
}

function fail(error: unknown): void {
  const expected = error instanceof StartError || error instanceof TemplateError;
  const text = expected ? error.message : error instanceof Error ? error.stack : String(error);
  console.error(`tandem: ${text}`);
  process.exit(1);
}

await main().catch(fail);
