import { Duration, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  EventInvokeConfig,
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { allow, type FunctionName, type TandemFunction } from './function.ts';
import type { Queues, WorkQueue } from './queues.ts';
import { physicalName, type Stage } from './stage.ts';
import type { Tables } from './tables.ts';

export interface ProcessingProps {
  stage: Stage;
  tables: Tables;
  queues: Queues;
  functions: Record<FunctionName, TandemFunction>;
}

type RunnerQueueName = keyof Queues['runnerQueues'];

/**
 * Batches of ten at work at once. Each priority has sandboxes of its own, so that tasks of high priority need not
 * wait for others to end and those of low priority always get on, if slowly. Lambda takes no less than two.
 */
const runnerConcurrency: Record<RunnerQueueName, number> = { 'runner-high': 10, runner: 10, 'runner-low': 2 };
const webhooksConcurrency = 10;

/**
 * The items whose writes are followed, by their sort key. Guards of unique values change with the records that they
 * guard; what else lies in the tasks table, such as the edges to dependent tasks, is bookkeeping of the tasks.
 */
const followedKeys = { crm: FilterRule.notEquals('guard'), tasks: FilterRule.isEqual('task') };

/** What runs by itself: the stream consumer, the two queue consumers and the clock. */
export class Processing extends Construct {
  constructor(scope: Construct, id: string, { stage, tables, queues, functions }: ProcessingProps) {
    super(scope, id);
    this.#consumeStream('crm', tables.crm, functions.changes, queues);
    this.#consumeStream('tasks', tables.tasks, functions.changes, queues);
    for (const [name, queue] of Object.entries(queues.runnerQueues)) {
      this.#consumeQueue(name, queue, functions.runner, runnerConcurrency[name as RunnerQueueName]);
    }
    this.#consumeQueue('webhooks', queues.webhooks, functions.webhooks, webhooksConcurrency);
    this.#everyMinute(stage, functions.clock, queues);
  }

  /**
   * A record that keeps failing is bisected out of its batch and, after its retries, leaves for the failure
   * queue: Lambda's default is to block the shard with it for a day.
   */
  #consumeStream(
    name: keyof typeof followedKeys,
    table: Table,
    target: TandemFunction,
    queues: Queues,
  ): void {
    const streamArn = table.tableStreamArn;
    if (!streamArn) throw new Error(`the table ${name} has no stream`);
    target.allow(
      allow(
        [
          'dynamodb:DescribeStream',
          'dynamodb:GetRecords',
          'dynamodb:GetShardIterator',
          'dynamodb:ListStreams',
        ],
        streamArn,
      ),
    );
    const mapping = new EventSourceMapping(this, `Stream-${name}`, {
      target: target.function,
      eventSourceArn: streamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      parallelizationFactor: 2,
      filters: [FilterCriteria.filter({ dynamodb: { Keys: { sk: { S: followedKeys[name] } } } })],
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      retryAttempts: 5,
      maxRecordAge: Duration.hours(6),
      onFailure: new SqsDlq(queues.changesFailures),
    });
    mapping.node.addDependency(target.role);
  }

  #consumeQueue(name: string, { queue }: WorkQueue, target: TandemFunction, maxConcurrency: number): void {
    target.allow(
      allow(
        ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
        queue.queueArn,
      ),
    );
    const mapping = new EventSourceMapping(this, `Queue-${name}`, {
      target: target.function,
      eventSourceArn: queue.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      maxConcurrency,
    });
    mapping.node.addDependency(target.role);
  }

  #everyMinute(stage: Stage, clock: TandemFunction, queues: Queues): void {
    const role = new Role(this, 'ClockRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    role.addToPolicy(allow(['lambda:InvokeFunction'], clock.function.functionArn));
    role.addToPolicy(allow(['sqs:SendMessage'], queues.clockFailures.queueArn));
    // Scheduler invokes asynchronously: an error of the function itself never comes back to it.
    new EventInvokeConfig(this, 'ClockFailures', {
      function: clock.function,
      retryAttempts: 0,
      maxEventAge: Duration.seconds(60),
      onFailure: new SqsDestination(queues.clockFailures),
    });
    const schedule = new CfnSchedule(this, 'Clock', {
      name: physicalName(stage, 'clock'),
      scheduleExpression: 'rate(1 minute)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: clock.function.functionArn,
        roleArn: role.roleArn,
        // The next tick does whatever this one could not, so a late one is worth nothing.
        retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 2 },
        deadLetterConfig: { arn: queues.clockFailures.queueArn },
      },
    });
    schedule.node.addDependency(role);
  }
}
