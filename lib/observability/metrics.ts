import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats, type Unit } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { TandemFunction } from '../function.ts';
import type { GraphqlApi } from '../graphql-api.ts';
import type { RestApi } from '../rest-api.ts';

/** Metric factories: what is measured, apart from who alarms on it or draws it. */

const minute = Duration.minutes(1);

interface MetricOptions {
  statistic?: string;
  period?: Duration;
  label?: string;
  unit?: Unit;
}

const metric = (
  namespace: string,
  metricName: string,
  dimensionsMap: Record<string, string>,
  { statistic = Stats.SUM, period = minute, ...rest }: MetricOptions = {},
) => new Metric({ namespace, metricName, dimensionsMap, statistic, period, ...rest });

/** Metrics of the whole HTTP API; those of single routes need `Method` and `Resource` beside these dimensions. */
export function restMetric(api: RestApi, name: 'Count' | '4xx' | '5xx' | 'Latency', options?: MetricOptions) {
  return metric('AWS/ApiGateway', name, { ApiId: api.apiId }, options);
}

export function graphqlMetric(
  api: GraphqlApi,
  name: '4XXError' | '5XXError' | 'Latency' | 'Requests',
  options?: MetricOptions,
) {
  return metric('AWS/AppSync', name, { GraphQLAPIId: api.apiId }, options);
}

export function functionMetric(
  { functionName }: TandemFunction,
  name: 'Invocations' | 'Errors' | 'Throttles' | 'Duration' | 'IteratorAge' | 'ConcurrentExecutions',
  options?: MetricOptions,
) {
  return metric('AWS/Lambda', name, { FunctionName: functionName }, options);
}

export function queueMetric(
  queue: Queue,
  name: 'ApproximateNumberOfMessagesVisible' | 'ApproximateAgeOfOldestMessage' | 'NumberOfMessagesSent',
  options?: MetricOptions,
) {
  return metric('AWS/SQS', name, { QueueName: queue.queueName }, { statistic: Stats.MAXIMUM, ...options });
}

/**
 * The operations that the functions use, as DynamoDB has no metric of all; a throttled index counts against the
 * write that feeds it. Each one costs money in every alarm, so DeleteItem, which only removes a webhook, is left
 * out; an alarm takes ten metrics at most.
 */
const throttledOperations = [
  'GetItem',
  'BatchGetItem',
  'Query',
  'PutItem',
  'UpdateItem',
  'TransactWriteItems',
  'BatchWriteItem',
] as const;

/** Requests to a table that DynamoDB refused for want of capacity. */
export function throttledRequests(table: Table, name: string): MathExpression {
  const usingMetrics = Object.fromEntries(
    throttledOperations.map((operation, index) => [
      `m${index}`,
      metric('AWS/DynamoDB', 'ThrottledRequests', { TableName: table.tableName, Operation: operation }),
    ]),
  );
  return new MathExpression({
    expression: Object.keys(usingMetrics)
      .map((id) => `FILL(${id}, 0)`)
      .join(' + '),
    usingMetrics,
    period: minute,
    label: `${name} throttled requests`,
  });
}

/** What the functions count themselves (functions/shared/metrics.ts): all tenants together. */
export function countedMetric(name: 'DeadTasks', options?: MetricOptions) {
  return metric('Tandem', name, { service: 'tandem' }, options);
}

export function consumedUnits(table: Table, kind: 'Read' | 'Write', label: string) {
  return metric('AWS/DynamoDB', `Consumed${kind}CapacityUnits`, { TableName: table.tableName }, { label });
}
