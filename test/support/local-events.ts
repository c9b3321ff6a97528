import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAwsClient } from '../../local/data-services/aws-client.ts';
import { type Backends, startBackends } from '../../local/data-services/backends.ts';
import { closeIdleConnections } from '../../local/data-services/http-call.ts';
import {
  createEventSourceService,
  type EventSourceService,
} from '../../local/event-sources/event-source-service.ts';
import type { AwsClient, LambdaService, MetricDatum } from '../../local/types.ts';
import { runtimeContext } from './local-runtime-context.ts';

const region = 'us-east-1';
export const account = '000000000000';
export const queueArn = (name: string) => `arn:aws:sqs:${region}:${account}:${name}`;

/** dynoxide and fauxqs on a directory of their own, and consumers of their streams and queues. */
export interface EventStack {
  aws: AwsClient;
  measured: MetricDatum[];
  lines: string[];
  /** A queue with a dead-letter queue after three receives, when asked for. */
  queue(name: string, attributes?: Record<string, string>): Promise<string>;
  /** A table with a stream; answers the stream's ARN. */
  table(name: string): Promise<string>;
  put(table: string, pk: string, value: number): Promise<void>;
  /** Starts a mapping; stop it with the function that this answers. */
  consume(
    lambda: LambdaService,
    properties: object,
    logicalId?: string,
  ): Promise<{ service: EventSourceService; stop(): Promise<void> }>;
  messages(queueUrl: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startEventStack(): Promise<EventStack> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-events-'));
  const lines: string[] = [];
  const backends: Backends = await startBackends(directory, region, {}, (line) => lines.push(line));
  const aws = createAwsClient(backends, region);
  const settings = {
    ...runtimeContext().settings,
    region,
    accountId: account,
    dataDir: directory,
  };
  const context = runtimeContext({ settings, aws, log: (line) => void lines.push(line) });
  const running = new Set<EventSourceService>();
  return {
    aws,
    lines,
    measured: context.measured,
    async queue(QueueName, Attributes = {}) {
      const { QueueUrl } = await aws.call('sqs', 'CreateQueue', { QueueName, Attributes });
      return String(QueueUrl);
    },
    async table(TableName) {
      const { TableDescription } = await aws.call('dynamodb', 'CreateTable', {
        TableName,
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      });
      const { LatestStreamArn } = TableDescription as { LatestStreamArn: string };
      return LatestStreamArn.replace(':dynoxide:', `:${region}:`);
    },
    async put(TableName, pk, value) {
      await aws.call('dynamodb', 'PutItem', { TableName, Item: { pk: { S: pk }, n: { N: String(value) } } });
    },
    async consume(lambda, properties, logicalId = 'Mapping') {
      const service = createEventSourceService(context, { lambda, streams: backends.streamRecords });
      const provider = service.providers['AWS::Lambda::EventSourceMapping'];
      await provider?.create({
        logicalId,
        type: 'AWS::Lambda::EventSourceMapping',
        properties: { FunctionName: 'subject', ...properties },
      });
      await service.start?.();
      running.add(service);
      return {
        service,
        async stop() {
          running.delete(service);
          await service.stop?.();
        },
      };
    },
    async messages(QueueUrl) {
      const input = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 };
      const { Messages } = await aws.call('sqs', 'ReceiveMessage', input);
      return ((Messages ?? []) as { Body: string }[]).map(({ Body }) => Body);
    },
    async stop() {
      for (const service of running) await service.stop?.();
      await backends.stop();
      closeIdleConnections();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Waits until the condition holds; fails after five seconds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 250; i += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`not within 5 s: ${what}`);
}
