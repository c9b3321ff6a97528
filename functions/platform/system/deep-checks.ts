import { awsJson } from '../../shared/aws/json-call.ts';
import { physicalTableName } from '../../shared/dynamo/table.ts';
import { env } from '../../shared/environment.ts';
import { type TableName, tableSchemas } from '../../shared/table-schema.ts';
import type { Check, CheckResult } from './health.ts';
import { readDepth } from './queue-depths.ts';
import { readStreamLag } from './stream-lag.ts';

/** Beyond this, history, counters and subscriptions are behind what people see; the alarm's own threshold. */
const slowStreamMillis = 60_000;

/** Everything that the service stands on: tables, queues and the stream. */
export function deepChecks(): Check[] {
  const tables = Object.keys(tableSchemas) as TableName[];
  const queues = env('QUEUE_NAMES');
  return [
    ...tables.map(tableCheck),
    ...queues.map(({ name, url, deadLetter }) => queueCheck(name, url, deadLetter?.url)),
    { name: 'stream', onFailure: 'degraded', run: checkStream },
  ];
}

function tableCheck(table: TableName): Check {
  return {
    name: `table:${table}`,
    onFailure: 'unhealthy',
    async run(timeoutMillis) {
      const { Table } = await awsJson<{ Table?: { TableStatus?: string } }>(
        'dynamodb',
        'DescribeTable',
        { TableName: physicalTableName(table) },
        timeoutMillis,
      );
      const state = Table?.TableStatus;
      // A table that is being updated goes on serving.
      if (state === 'ACTIVE' || state === 'UPDATING') return { status: 'healthy' };
      return { status: 'unhealthy', detail: String(state) };
    },
  };
}

function queueCheck(name: string, url: string, deadLetterUrl: string | undefined): Check {
  return {
    name: `queue:${name}`,
    onFailure: 'unhealthy',
    async run(timeoutMillis) {
      const [depth, dead] = await Promise.all([
        readDepth(url, timeoutMillis),
        deadLetterUrl ? readDepth(deadLetterUrl, timeoutMillis) : undefined,
      ]);
      const failed = name.endsWith('-dlq') ? depth.waiting : (dead?.waiting ?? 0);
      return failed > 0 ? { status: 'degraded', detail: `${failed} dead letters` } : { status: 'healthy' };
    },
  };
}

async function checkStream(timeoutMillis: number): Promise<CheckResult> {
  const lag = await readStreamLag(timeoutMillis);
  if (lag === null || lag < slowStreamMillis) return { status: 'healthy' };
  return { status: 'degraded', detail: `${Math.round(lag / 1_000)} s behind` };
}
