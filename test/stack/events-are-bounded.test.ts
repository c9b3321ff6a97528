import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { tableSchemas } from '../../functions/shared/table-schema.ts';
import { resource, resources, type SynthesisedStack, synthesised } from './support/synthesised-stack.ts';

let whole: SynthesisedStack;
beforeAll(() => {
  whole = synthesised();
});
afterAll(() => whole[Symbol.dispose]());

test('a poison record leaves the stream for the failure queue instead of blocking it', () => {
  for (const [table, followed] of [
    ['crm', '{"anything-but":["guard"]}'],
    ['tasks', '"task"'],
  ]) {
    const mapping = resource(whole.template, 'AWS::Lambda::EventSourceMapping', new RegExp(`Stream${table}`));
    expect(mapping).toMatchObject({
      BisectBatchOnFunctionError: true,
      FilterCriteria: {
        Filters: [{ Pattern: `{"dynamodb":{"Keys":{"sk":{"S":[${followed}]}}}}` }],
      },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRetryAttempts: 5,
      MaximumRecordAgeInSeconds: 21_600,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [expect.stringMatching(/changesdlq/), 'Arn'] } },
      },
    });
  }
});

test('queue consumers answer per message and have a bound on their concurrency', () => {
  for (const [queue, MaximumConcurrency] of [
    ['runnerhigh', 10],
    ['runner(?!high|low)', 10],
    ['runnerlow', 2],
    ['webhooks', 10],
  ]) {
    const mapping = resource(whole.template, 'AWS::Lambda::EventSourceMapping', new RegExp(`Queue${queue}`));
    expect(mapping).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency },
    });
  }
});

test('messages of the runner outlast an outage of minutes; those of webhooks have a schedule of their own', () => {
  for (const [queue, maxReceiveCount] of [
    ['runnerhigh', 10],
    ['runner(?!high|low|dlq)', 10],
    ['runnerlow', 10],
    ['webhooks', 5],
  ]) {
    const properties = resource(whole.template, 'AWS::SQS::Queue', new RegExp(`Queues${queue}(?!dlq)`));
    expect(properties).toMatchObject({ RedrivePolicy: { maxReceiveCount } });
  }
});

test('only functions that send messages on to their own queues may go round in a chain', () => {
  const allowed = resources(whole.template, 'AWS::Lambda::Function')
    .filter(({ properties }) => properties.RecursiveLoop === 'Allow')
    .map(({ properties }) => String(properties.FunctionName).split('-').at(-1));
  expect(allowed.sort()).toEqual(['runner', 'webhooks']);
});

test('the clock ticks every minute, does not repeat a tick and keeps the failed ones', () => {
  expect(resource(whole.template, 'AWS::Scheduler::Schedule')).toMatchObject({
    ScheduleExpression: 'rate(1 minute)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 } },
  });
  expect(resource(whole.template, 'AWS::Lambda::EventInvokeConfig')).toMatchObject({
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
    DestinationConfig: {
      OnFailure: { Destination: { 'Fn::GetAtt': [expect.stringMatching(/clockdlq/), 'Arn'] } },
    },
  });
});

test('tables and indexes are those of the table schema', () => {
  for (const [name, schema] of Object.entries(tableSchemas)) {
    const table = resource(whole.template, 'AWS::DynamoDB::Table', new RegExp(`^Tables${name}`));
    const indexes = (table.GlobalSecondaryIndexes ?? []) as {
      IndexName: string;
      KeySchema: { AttributeName: string }[];
      Projection: { ProjectionType: string };
    }[];
    expect(
      Object.fromEntries(
        indexes.map(({ IndexName, KeySchema: [pk, sk], Projection }) => [
          IndexName,
          { pk: pk?.AttributeName, sk: sk?.AttributeName, projection: Projection.ProjectionType },
        ]),
      ),
    ).toEqual(schema.indexes);
    expect(table.StreamSpecification?.StreamViewType).toBe(schema.stream ? 'NEW_AND_OLD_IMAGES' : undefined);
    expect(table.BillingMode).toBe('PAY_PER_REQUEST');
  }
});

test('every function has the runtime of the bundles, its own log group and role, and traces', () => {
  const all = resources(whole.template, 'AWS::Lambda::Function');
  expect(all).toHaveLength(9);
  for (const { properties } of all) {
    expect(properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 1024,
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogFormat: 'JSON' },
    });
  }
  for (const own of [
    (p: (typeof all)[number]) => p.properties.Role,
    (p: (typeof all)[number]) => p.properties.LoggingConfig.LogGroup,
  ]) {
    expect(new Set(all.map((fn) => JSON.stringify(own(fn)))).size).toBe(9);
  }
});

test('one Lambda permission per function serves all of its routes', () => {
  expect(resources(whole.template, 'AWS::ApiGatewayV2::Route').length).toBeGreaterThan(20);
  expect(resources(whole.template, 'AWS::Lambda::Permission')).toHaveLength(5);
});
