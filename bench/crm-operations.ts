import type { BenchClient } from './http-client.ts';
import { type Measurement, measure } from './statistics.ts';
import { printTable } from './table.ts';

const columns = ['operation', 'callers', 'per second', 'p50 ms', 'p95 ms', 'p99 ms', 'errors'];

/** Requests per second and latencies of the main CRM operations, with 1 and 8 callers. */
export async function benchCrmOperations(client: BenchClient): Promise<void> {
  const ids: string[] = [];
  const operations: [string, number, (at: number) => Promise<void>][] = [
    [
      'create contact',
      400,
      async (at) => {
        ids.push(
          JSON.parse(
            (await client.call('POST', '/api/v1/contacts', { name: `Bench ${at}`, stage: 'lead' })).text,
          ).id,
        );
      },
    ],
    [
      'get contact',
      800,
      async (at) => {
        await client.call('GET', `/api/v1/contacts/${ids[at % ids.length]}`);
      },
    ],
    [
      'list 50 contacts',
      300,
      async () => {
        await client.call('GET', '/api/v1/contacts?stage=lead&limit=50');
      },
    ],
    [
      'patch contact',
      400,
      async (at) => {
        await client.call('PATCH', `/api/v1/contacts/${ids[at % ids.length]}`, { score: at });
      },
    ],
    [
      'health (no AWS call)',
      800,
      async () => {
        await client.call('GET', '/api/system/health');
      },
    ],
  ];
  const rows: (string | number)[][] = [];
  for (const [name, count, action] of operations) {
    for (const callers of [1, 8]) rows.push(row(name, callers, await measure(action, { callers, count })));
  }
  printTable('Requests over HTTP against the local stack', columns, rows);
}

function row(name: string, callers: number, result: Measurement): (string | number)[] {
  return [name, callers, result.perSecond, result.p50, result.p95, result.p99, result.errors];
}
