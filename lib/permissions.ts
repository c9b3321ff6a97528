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
 * Item actions only: no role may scan a table or change the table itself. A transaction needs no more than the
 * actions that it is made of.
 */
const read = ['GetItem', 'BatchGetItem', 'Query'];
const write = ['PutItem', 'UpdateItem', 'ConditionCheckItem'];

/** Prefixes of the files bucket. */
const imports = 'imports';
const attachments = 'attachments';
const exportedFiles = 'exports';
const sealingKeys = 'system/webhook-keys';

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
  const send = (...to: Queue[]) => [allow(['sqs:SendMessage'], ...to.map(({ queueArn }) => queueArn))];
  const work = Object.values(queues.workQueues);
  const failureQueues = Object.values(queues.failureQueues).map(({ queueArn }) => queueArn);
  const runnerQueues = Object.values(queues.runnerQueues).map(({ queue }) => queue);
  const objects = (actions: string[], ...prefixes: string[]) => [
    allow(actions, ...prefixes.map((prefix) => storage.files.arnForObjects(`${prefix}/*`))),
  ];

  const records = may('crm', [...read, ...write, 'DeleteItem']);
  const tasks = may('tasks', [...read, ...write]);
  const settings = ['GetItem', 'Query'];
  /** The record of an idempotency key: written with the change that it is for. */
  const idempotency = ['GetItem', 'PutItem'];
  /** Views, with the audit entry that is written with a change of settings. */
  const viewsAndAudit = may('views', [...read, 'PutItem']);

  const granted: Record<FunctionName, PolicyStatement[]> = {
    crm: [
      ...records,
      // Settings; whose turn it is to get a new record; the log of merges; attachments.
      ...may('platform', [...settings, ...idempotency, 'BatchGetItem', 'UpdateItem', 'DeleteItem']),
      ...objects(['s3:PutObject', 's3:GetObject', 's3:DeleteObject'], attachments),
      ...viewsAndAudit,
      // The tasks of a deal that is won; those about a contact that is merged.
      ...may('tasks', ['PutItem', 'UpdateItem', 'Query']),
      ...objects(['s3:PutObject', 's3:GetObject'], imports),
      ...objects(['s3:GetObject'], exportedFiles),
      ...send(...runnerQueues),
    ],
    tasks: [
      ...tasks,
      // The records that tasks are about are there.
      ...may('crm', ['ConditionCheckItem']),
      // Schedules.
      ...may('tasks', ['DeleteItem']),
      ...viewsAndAudit,
      ...may('platform', [...settings, ...idempotency, 'UpdateItem']),
      ...send(...runnerQueues),
    ],
    platform: [
      ...may('platform', [...read, ...write, 'DeleteItem']),
      ...viewsAndAudit,
      ...objects(['s3:PutObject', 's3:GetObject'], sealingKeys),
      allow(['dynamodb:DescribeTable'], ...Object.values(tables.all).map((table) => table.tableArn)),
      allow(['sqs:GetQueueAttributes'], ...work.map(({ queue }) => queue.queueArn), ...failureQueues),
      // To look into the queues of failures, and for the moves back that SQS makes in the caller's name.
      allow(['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility'], ...failureQueues),
      allow(
        ['sqs:StartMessageMoveTask', 'sqs:DeleteMessage'],
        ...work.map(({ deadLetters }) => deadLetters.queueArn),
      ),
      ...send(...work.map(({ queue }) => queue)),
      // Neither action can be limited to a resource.
      allow(['cloudwatch:GetMetricData', 'cloudwatch:DescribeAlarms'], '*'),
    ],
    graphql: [
      ...records,
      ...tasks,
      // Also whose turn it is to get a new record, and the log of merges, which move attachments.
      ...may('platform', [...settings, ...idempotency, 'UpdateItem', 'DeleteItem']),
      ...viewsAndAudit,
      ...send(...runnerQueues),
    ],
    authorizer: may('platform', ['GetItem']),
    changes: [
      ...may('views', [...read, ...write, 'BatchWriteItem']),
      ...may('platform', settings),
      // Tells tasks of the ends of those that they depend on, and the runner of those that it may take up now.
      ...may('tasks', ['BatchGetItem', 'Query', 'UpdateItem', 'DeleteItem']),
      ...send(queues.webhooks.queue, ...runnerQueues),
      allow(['appsync:GraphQL'], ...graphqlApi.publishFieldArns),
    ],
    runner: [
      ...tasks,
      ...records,
      // Attachments of contacts that are merged have other keys then.
      ...may('platform', [...settings, ...idempotency, 'UpdateItem', 'DeleteItem']),
      // Counters that are counted anew.
      ...may('views', [...read, ...write, 'DeleteItem']),
      ...objects(['s3:PutObject', 's3:GetObject'], imports, exportedFiles),
      ...objects(['s3:GetObject'], sealingKeys),
      ...send(...runnerQueues),
    ],
    webhooks: [
      ...may('platform', [...settings, 'UpdateItem']),
      ...may('views', ['GetItem', 'PutItem']),
      ...objects(['s3:GetObject'], sealingKeys),
      ...send(queues.webhooks.queue),
    ],
    clock: [...tasks, ...may('platform', settings), ...send(...runnerQueues)],
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
