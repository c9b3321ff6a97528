import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { type TableName, tableSchemas } from '../functions/shared/table-schema.ts';
import { allow, type FunctionName, type TandemFunction } from './function.ts';
import type { GraphqlApi } from './graphql-api.ts';
import type { Queues } from './queues.ts';
import type { Storage } from './storage.ts';
import type { Tables } from './tables.ts';

/**
 * Item actions only: no role may scan or describe a table's data away, and transactions need no more
 * than the actions they are made of.
 */
const read = ['GetItem', 'BatchGetItem', 'Query'];
const write = ['PutItem', 'UpdateItem', 'DeleteItem', 'ConditionCheckItem'];

/** What each function may do, besides writing its logs and traces. */
export function grantPermissions(
  functions: Record<FunctionName, TandemFunction>,
  {
    tables,
    queues,
    storage,
    graphqlApi,
  }: { tables: Tables; queues: Queues; storage: Storage; graphqlApi: GraphqlApi },
): void {
  const may = (table: TableName, actions: string[]) => tableStatements(tables.all[table], table, actions);
  const send = (queue: Queue) => [allow(['sqs:SendMessage'], queue.queueArn)];
  const objects = (actions: string[], ...prefixes: string[]) => [
    allow(actions, ...prefixes.map((prefix) => storage.files.arnForObjects(`${prefix}/*`))),
  ];

  /** Idempotency records and settings: read, write and check, but nothing is deleted. */
  const settings = may('platform', [...read, 'PutItem', 'UpdateItem', 'ConditionCheckItem']);

  const granted: Record<FunctionName, PolicyStatement[]> = {
    crm: [...may('crm', [...read, ...write]), ...settings, ...may('views', read)],
    tasks: [
      ...may('tasks', [...read, ...write]),
      ...settings,
      ...objects(['s3:PutObject', 's3:GetObject'], 'imports'),
      ...send(queues.runner.queue),
    ],
    platform: [
      ...may('platform', [...read, ...write]),
      ...may('views', read),
      allow(['dynamodb:DescribeTable'], ...Object.values(tables.all).map((table) => table.tableArn)),
      allow(
        ['sqs:GetQueueAttributes'],
        ...Object.values(queues.workQueues).map(({ queue }) => queue.queueArn),
        ...Object.values(queues.failureQueues).map((queue) => queue.queueArn),
      ),
      // Neither action can be limited to a resource.
      allow(['cloudwatch:GetMetricData', 'cloudwatch:DescribeAlarms'], '*'),
    ],
    graphql: [
      ...may('crm', [...read, ...write]),
      ...may('tasks', [...read, ...write]),
      ...settings,
      ...may('views', read),
      ...send(queues.runner.queue),
    ],
    authorizer: may('platform', ['GetItem']),
    changes: [
      ...may('views', [...read, ...write]),
      ...may('platform', read),
      ...may('tasks', ['GetItem', 'Query', 'UpdateItem']),
      ...send(queues.webhooks.queue),
      ...send(queues.runner.queue),
      ...(graphqlApi.publishFieldArns.length > 0
        ? [allow(['appsync:GraphQL'], ...graphqlApi.publishFieldArns)]
        : []),
    ],
    runner: [
      ...may('tasks', [...read, ...write]),
      ...may('crm', [...read, ...write]),
      ...settings,
      ...may('views', read),
      ...objects(['s3:PutObject', 's3:GetObject'], 'imports'),
      ...send(queues.runner.queue),
    ],
    webhooks: [...may('platform', [...read, ...write]), ...send(queues.webhooks.queue)],
    clock: [...may('tasks', [...read, ...write]), ...may('platform', read), ...send(queues.runner.queue)],
  };
  for (const [name, statements] of Object.entries(granted)) {
    functions[name as FunctionName].allow(...statements);
  }
}

/** Actions on the items of a table, and Query on each of its indexes by name. */
function tableStatements(table: Table, name: TableName, actions: string[]): PolicyStatement[] {
  const statements = [
    allow(
      actions.map((action) => `dynamodb:${action}`),
      table.tableArn,
    ),
  ];
  const indexes = Object.keys(tableSchemas[name].indexes);
  if (actions.includes('Query') && indexes.length > 0) {
    statements.push(allow(['dynamodb:Query'], ...indexes.map((index) => `${table.tableArn}/index/${index}`)));
  }
  return statements;
}
