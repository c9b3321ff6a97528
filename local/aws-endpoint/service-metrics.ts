import type { MetricSink } from '../types.ts';
import type { TableCapacity } from './consumed-capacity.ts';

/** One finished DynamoDB call. */
export interface DynamoDbOutcome {
  operation: string;
  tables: string[];
  index?: string;
  capacity: TableCapacity[];
  durationMs: number;
  status: number;
  errorCode?: string;
}

const reads = new Set(['GetItem', 'Query', 'Scan', 'BatchGetItem', 'TransactGetItems']);
/** Whether a DynamoDB operation changes items. */
export function isWrite(operation: string): boolean {
  return /^(Put|Update|Delete|BatchWrite|TransactWrite)Items?$/.test(operation);
}

const throttles = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
]);

/** Puts what CloudWatch's `AWS/DynamoDB` namespace would show of one call. */
export function putDynamoDbMetrics(metrics: MetricSink, outcome: DynamoDbOutcome): void {
  const { operation, tables, index, capacity, durationMs, status, errorCode } = outcome;
  const put = (name: string, value: number, unit: string, dimensions: Record<string, string>) =>
    metrics.put({ namespace: 'AWS/DynamoDB', name, value, unit, dimensions });

  const consumed = reads.has(operation) ? 'ConsumedReadCapacityUnits' : 'ConsumedWriteCapacityUnits';
  for (const { TableName, CapacityUnits } of capacity) {
    const dimensions = { TableName, ...(index === undefined ? {} : { GlobalSecondaryIndexName: index }) };
    put(consumed, CapacityUnits, 'Count', dimensions);
  }
  for (const TableName of tables) {
    if (status < 300)
      put('SuccessfulRequestLatency', durationMs, 'Milliseconds', { TableName, Operation: operation });
    else if (errorCode !== undefined && throttles.has(errorCode)) {
      put('ThrottledRequests', 1, 'Count', { TableName, Operation: operation });
    } else if (status >= 500) put('SystemErrors', 1, 'Count', { TableName, Operation: operation });
  }
}
