import { rmSync } from 'node:fs';
import { type RunningRuntime, startRuntime } from '../../test/system/support/start-runtime.ts';
import { type BenchClient, benchClient } from '../http-client.ts';
import { latencyOf } from '../statistics.ts';
import { printTable } from '../table.ts';
import { contactItems, seedTenant } from './contact-items.ts';
import { contactOperations, type Operation } from './operations.ts';
import { seedItems } from './sqlite-seed.ts';

/** A stack with so many contacts. */
interface Scale {
  contacts: number;
  runtime: RunningRuntime;
  client: BenchClient;
  operations: Operation[];
}

/** How one operation went at one size. */
interface Sample {
  durations: number[];
  seconds: number;
  errors: number;
}

const callers = 4;
/** Each size in turn, again and again, so that what else the machine does falls on all of them alike. */
const rounds = 6;

const columns = ['operation', 'contacts', 'per second', 'p50 ms', 'p95 ms', 'p99 ms', 'p95 ratio', 'errors'];

/**
 * The CRM's main operations with few and with many contacts, side by side: stacks of all sizes run at once and take
 * turns.
 * @param sizes numbers of contacts, the one to compare with first
 */
export async function benchContactsAtScale(sizes: number[]): Promise<{ errors: number; worstRatio: number }> {
  const scales: Scale[] = [];
  try {
    for (const contacts of sizes) scales.push(await startScale(contacts));
    const rows: (string | number)[][] = [];
    const verdict = { errors: 0, worstRatio: 1 };
    for (const [at, { name, count }] of (scales[0]?.operations ?? []).entries()) {
      const samples = await takeTurns(scales, at, count);
      const first = latencyOf(samples[0]?.durations ?? []);
      for (const [index, { durations, seconds, errors }] of samples.entries()) {
        const { p50, p95, p99 } = latencyOf(durations);
        const ratio = p95 / first.p95;
        const contacts = scales[index]?.contacts ?? 0;
        rows.push([name, contacts, durations.length / seconds, p50, p95, p99, ratio, errors]);
        verdict.errors += errors;
        verdict.worstRatio = Math.max(verdict.worstRatio, ratio);
      }
    }
    printTable(`Contacts, ${callers} callers; p95 beside that of ${sizes[0]} contacts`, columns, rows);
    return verdict;
  } finally {
    for (const { client, runtime } of scales) {
      client.close();
      await runtime.stop();
      rmSync(runtime.dataDir, { recursive: true, force: true });
    }
  }
}

async function startScale(contacts: number): Promise<Scale> {
  const first = await startRuntime();
  await first.stop();
  const begin = performance.now();
  seedItems(first.dataDir, contactItems(contacts));
  console.log(`${contacts} contacts seeded in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  const runtime = await startRuntime({ dataDir: first.dataDir });
  const tenant = runtime.stack.tenants.find(({ id }) => id === seedTenant);
  const client = benchClient(runtime.stack.url, tenant?.tokens.owner ?? '');
  const operations = await contactOperations(client);
  for (const { run } of operations) for (let at = 0; at < 20; at += 1) await run(at);
  return { contacts, runtime, client, operations };
}

async function takeTurns(scales: Scale[], operation: number, count: number): Promise<Sample[]> {
  const samples = scales.map((): Sample => ({ durations: [], seconds: 0, errors: 0 }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { operations }] of scales.entries()) {
      const [sample, action] = [samples[index], operations[operation]];
      if (sample && action) await runRound(sample, action, round * count, Math.ceil(count / rounds));
    }
  }
  return samples;
}

async function runRound(sample: Sample, { run }: Operation, from: number, count: number): Promise<void> {
  let next = 0;
  const begin = performance.now();
  const caller = async () => {
    while (next < count) {
      const at = from + next;
      next += 1;
      const start = performance.now();
      try {
        await run(at);
      } catch (error) {
        sample.errors += 1;
        console.error(String(error));
      }
      sample.durations.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  sample.seconds += (performance.now() - begin) / 1000;
}
