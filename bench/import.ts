import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningRuntime } from '../test/system/support/start-runtime.ts';
import { type BenchClient, benchClient } from './http-client.ts';
import { type Cell, printTable } from './table.ts';

const sizes = [1_000, 10_000, 100_000];
/** `quick` shows that the scenario works and measures nothing. */
const quickSizes = [500];

const columns = [
  'what',
  'rows',
  'seconds',
  'rows/s',
  'calls/row',
  'units/row',
  'heap MB',
  'stack RSS MB',
  'failed',
];

interface CallRecord {
  service: string;
  operation: string;
  consumedCapacity?: number;
  principal: string;
}

/**
 * Imports and exports of contacts with an e-mail address and a telephone number, each guarded to be unique: rows per
 * second from the request to the end of its task, the calls of the runner and the capacity units that a row costs,
 * and what memory they need. The changes function follows the writes at the same time.
 */
export async function benchImport(runtime: RunningRuntime, quick = false): Promise<void> {
  const tenant = runtime.stack.tenants.find(({ id }) => id === 'acme');
  const client = benchClient(runtime.stack.url, tenant?.tokens.owner ?? '');
  const rows: Cell[][] = [];
  for (const count of quick ? quickSizes : sizes) {
    const csv = contactsFile(count, `${count}-${Date.now()}`);
    const fileKey = await upload(client, csv.text);
    const run = async (what: string, path: string, body: object) => {
      rows.push([what, ...(await measured(runtime, client, path, body, count))]);
    };
    const imported = (mode: string) => ({ entity: 'contacts', fileKey, mode });
    await run('import: create', '/api/v1/imports', imported('create'));
    if (count > 10_000) continue;
    await run('import: upsert, nothing new', '/api/v1/imports', imported('upsert'));
    await run('import: create, all are there', '/api/v1/imports', imported('create'));
    await run('export: CSV', '/api/v1/exports', { entity: 'contacts', filter: { source: csv.source } });
  }
  client.close();
  printTable('Contacts with e-mail and telephone in and out of files', columns, rows);
}

/** A file of people that no other run has; its `source` finds them again. */
function contactsFile(count: number, run: string): { text: string; source: string } {
  const lines = Array.from(
    { length: count },
    (_, at) => `Person ${at},p${at}.${run}@bench.example,+49 30 ${run.slice(-6)} ${at},lead,Berlin,${run}`,
  );
  return { source: run, text: `name,email,phone,stage,address.city,source\n${lines.join('\n')}\n` };
}

async function upload(client: BenchClient, content: string): Promise<string> {
  const file = JSON.parse((await client.call('POST', '/api/v1/files', { name: 'bench.csv' })).text);
  const answer = await fetch(file.uploadUrl, { method: 'PUT', headers: file.headers, body: content });
  if (!answer.ok) throw new Error(`upload answered ${answer.status}`);
  return file.fileKey;
}

async function measured(
  runtime: RunningRuntime,
  client: BenchClient,
  path: string,
  body: object,
  count: number,
): Promise<Cell[]> {
  const calls = await callCounter(runtime);
  const began = performance.now();
  const { id } = JSON.parse((await client.call('POST', path, body)).text);
  let task: { state: string; result?: { failed?: number }; error?: unknown };
  do {
    await new Promise((done) => setTimeout(done, 100));
    task = JSON.parse((await client.call('GET', `/api/v1/tasks/${id}`)).text);
    await calls.read();
  } while (!['completed', 'dead'].includes(task.state));
  const seconds = (performance.now() - began) / 1_000;
  if (task.state === 'dead') throw new Error(`the task died: ${JSON.stringify(task.error)}`);
  return [
    count,
    seconds,
    count / seconds,
    calls.total.calls / count,
    calls.total.units / count,
    heapMegabytes(runtime.dataDir, id),
    residentMegabytes(runtime.process.pid),
    task.result?.failed ?? 0,
  ];
}

/** Counts what the runner calls; the log of calls forgets, so it is read every now and then. */
async function callCounter({ stack }: RunningRuntime) {
  const read = async (since: number) =>
    (await (await fetch(`${stack.inspectUrl}?since=${since}`)).json()) as {
      next: number;
      calls: CallRecord[];
    };
  let { next } = await read(Number.MAX_SAFE_INTEGER);
  const total = { calls: 0, units: 0 };
  return {
    total,
    async read() {
      const answer = await read(next);
      next = answer.next;
      for (const call of answer.calls) {
        if (!call.principal.toLowerCase().includes('runner') || call.service !== 'dynamodb') continue;
        total.calls += 1;
        total.units += call.consumedCapacity ?? 0;
      }
    },
  };
}

/** The most that the function's heap has held, as it says itself after each time slice. */
function heapMegabytes(dataDir: string, taskId: string): Cell {
  try {
    const lines = readFileSync(join(dataDir, 'logs', 'tandem-dev-runner.log'), 'utf8').split('\n');
    const found = lines.filter((line) => line.includes(taskId) && line.includes('heapMegabytes'));
    return Math.max(...found.map((line) => JSON.parse(line.slice(line.indexOf('{'))).heapMegabytes));
  } catch {
    return 'unknown';
  }
}

/** Linux: of the whole local stack, the database apart. */
function residentMegabytes(pid: number | undefined): Cell {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024);
  } catch {
    return 'unknown';
  }
}
