import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { latencyOf } from './statistics.ts';
import { printTable } from './table.ts';

const runs = 5_000;

/** What our own code costs before any AWS call: requests that are answered or refused without one. */
export async function benchHandlerOverhead(bundleDir: string): Promise<void> {
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    TABLE_CRM: 'crm',
    TABLE_PLATFORM: 'platform',
    CURSOR_KEY: 'bench',
  });
  const { handler } = await import(pathToFileURL(join(bundleDir, 'crm', 'index.mjs')).href);
  const empty = async () => ({ statusCode: 200 });
  const scenarios: [string, (event: unknown, context: unknown) => Promise<unknown>, unknown][] = [
    ['empty handler', empty, {}],
    ['unknown parameter → 400', handler, event('GET /api/v1/contacts', { rawQueryString: 'stgae=lead' })],
    [
      'invalid contact → 422',
      handler,
      event('POST /api/v1/contacts', { body: '{"name":"","email":"x","tags":[1]}' }),
    ],
    ['no rights → 403', handler, event('POST /api/v1/contacts', { body: '{"name":"x"}' }, 'viewer')],
  ];
  const rows: (string | number)[][] = [];
  for (const [name, call, input] of scenarios) {
    const durations: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const start = performance.now();
      await call(input, { getRemainingTimeInMillis: () => 29_000 });
      if (run >= runs / 10) durations.push((performance.now() - start) * 1000);
    }
    const { p50, p95, p99 } = latencyOf(durations);
    rows.push([name, p50, p95, p99]);
  }
  printTable(`Handler overhead without AWS (${runs} warm calls, µs)`, ['request', 'p50', 'p95', 'p99'], rows);
}

function event(routeKey: string, more: object, role = 'owner') {
  return {
    version: '2.0',
    routeKey,
    rawPath: routeKey.split(' ')[1],
    rawQueryString: '',
    headers: { 'content-type': 'application/json' },
    requestContext: {
      requestId: 'bench',
      http: { method: routeKey.split(' ')[0] },
      authorizer: { lambda: { authenticated: 'true', tenantId: 'bench', subject: 'bench', role } },
    },
    isBase64Encoded: false,
    ...more,
  };
}
