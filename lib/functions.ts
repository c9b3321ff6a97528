import { join } from 'node:path';
import { Aws, Fn, Stack } from 'aws-cdk-lib';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type FunctionName, TandemFunction, timeouts } from './function.ts';
import type { Identity } from './identity.ts';
import type { Queues } from './queues.ts';
import { physicalName, type Stage } from './stage.ts';
import type { Storage } from './storage.ts';
import type { Tables } from './tables.ts';

/** What the functions are told about the rest of the stack. */
export interface FunctionsProps {
  stage: Stage;
  tables: Tables;
  queues: Queues;
  storage: Storage;
  identity: Identity;
  /** Directory with one bundle per function, as `tools/bundle.ts` writes it. */
  bundles: string;
}

/** The nine functions: one per trigger and bounded context. */
export class Functions extends Construct {
  readonly all: Record<FunctionName, TandemFunction>;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const environments = functionEnvironments(this, props);
    const names = Object.keys(timeouts) as FunctionName[];
    this.all = Object.fromEntries(
      names.map((name) => [
        name,
        new TandemFunction(this, name, {
          stage: props.stage,
          name,
          bundle: join(props.bundles, name),
          environment: environments[name],
        }),
      ]),
    ) as Record<FunctionName, TandemFunction>;
  }
}

/** Each function has the variables that it reads, no others. */
function functionEnvironments(
  scope: Construct,
  { stage, tables, queues, storage, identity }: FunctionsProps,
): Record<FunctionName, Record<string, string>> {
  const common = { STAGE: stage.name };
  const metrics = { METRICS_NAMESPACE: 'Tandem' };
  const crm = { TABLE_CRM: tables.crm.tableName };
  const tasks = { TABLE_TASKS: tables.tasks.tableName };
  const platform = { TABLE_PLATFORM: tables.platform.tableName };
  const views = { TABLE_VIEWS: tables.views.tableName };
  const runner = {
    QUEUE_RUNNER_HIGH_URL: queues.runnerHigh.queue.queueUrl,
    QUEUE_RUNNER_URL: queues.runner.queue.queueUrl,
    QUEUE_RUNNER_LOW_URL: queues.runnerLow.queue.queueUrl,
  };
  const webhooks = { QUEUE_WEBHOOKS_URL: queues.webhooks.queue.queueUrl };
  const files = { BUCKET_FILES: storage.files.bucketName };
  const tokens = { JWT_ISSUER: identity.issuer, JWT_AUDIENCE: identity.audience };
  // The UUID at the end of the stack's id: the same for the life of the stack, another one for each stack.
  const cursors = { CURSOR_KEY: Fn.select(2, Fn.split('/', Aws.STACK_ID)) };
  const observed = {
    ALARM_PREFIX: physicalName(stage, ''),
    CHANGES_FUNCTION: physicalName(stage, 'changes'),
    QUEUE_NAMES: Stack.of(scope).toJsonString([
      ...Object.entries(queues.workQueues).map(([name, { queue, deadLetters }]) => ({
        ...queueFacts(name, queue),
        deadLetter: queueFacts(`${name}-dlq`, deadLetters),
      })),
      queueFacts('changes-dlq', queues.changesFailures),
      queueFacts('clock-dlq', queues.clockFailures),
    ]),
  };
  return {
    crm: { ...common, ...metrics, ...cursors, ...crm, ...tasks, ...platform, ...views, ...files, ...runner },
    tasks: { ...common, ...metrics, ...cursors, ...crm, ...tasks, ...platform, ...views, ...runner },
    platform: {
      ...common,
      ...metrics,
      ...cursors,
      ...observed,
      ...tokens,
      ...crm,
      ...tasks,
      ...platform,
      ...views,
      ...files,
    },
    graphql: { ...common, ...metrics, ...cursors, ...crm, ...tasks, ...platform, ...views, ...runner },
    authorizer: { ...common, ...platform, ...tokens },
    changes: { ...common, ...metrics, ...tasks, ...platform, ...views, ...webhooks, ...runner },
    runner: { ...common, ...cursors, ...crm, ...tasks, ...platform, ...views, ...files, ...runner },
    webhooks: { ...common, ...platform, ...views, ...files, ...webhooks },
    clock: { ...common, ...tasks, ...platform, ...runner },
  };
}

const queueFacts = (name: string, queue: Queue) => ({
  name,
  queueName: queue.queueName,
  url: queue.queueUrl,
});
