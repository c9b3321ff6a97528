import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { platformRoutes } from '../../functions/platform/routes.ts';
import { parseWindow } from '../../functions/platform/system/metrics-window.ts';
import { systemOperations } from '../../functions/rest-platform/system-operations.ts';
import { restHandler } from '../../functions/shared/http/rest-handler.ts';
import {
  type AwsAnswers,
  type AwsJsonServer,
  AwsRefusal,
  startAwsJsonServer,
} from '../support/aws-json-server.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { callRest, type RestCall } from '../support/rest-call.ts';
import { startIssuer, type TestIssuer } from '../support/token-issuer.ts';

const directory = mkdtempSync(join(tmpdir(), 'tandem-system-'));
const handler = restHandler(
  platformRoutes.filter(({ tag }) => tag === 'system'),
  systemOperations(pathToFileURL(`${directory}/`)),
);
const queue = (name: string) => ({ name, queueName: `tandem-dev-${name}`, url: `http://queues/${name}` });
let dynamo: TestDynamo;
let issuer: TestIssuer;
let aws: AwsJsonServer;

beforeAll(async () => {
  dynamo = await startDynamo();
  issuer = await startIssuer();
  aws = await startAwsJsonServer({});
  process.env.QUEUE_NAMES = JSON.stringify([{ ...queue('runner'), deadLetter: queue('runner-dlq') }]);
  process.env.HTTP_API_ID = 'api1';
  process.env.CHANGES_FUNCTION = 'tandem-dev-changes';
  process.env.ALARM_PREFIX = 'tandem-dev-';
  const operation = (operationId: string) => ({ operationId });
  writeFileSync(
    join(directory, 'openapi.json'),
    JSON.stringify({
      paths: {
        '/api/v1/contacts': { get: operation('listContacts'), post: operation('createContact') },
        '/api/v1/me': { get: operation('getMe') },
      },
    }),
  );
});

afterAll(async () => {
  rmSync(directory, { recursive: true });
  await aws.stop();
  await issuer.stop();
  await dynamo.stop();
});

const depths = (waiting: Record<string, number>): AwsAnswers['GetQueueAttributes'] => {
  return ({ QueueUrl }) => ({
    Attributes: {
      ApproximateNumberOfMessages: String(waiting[String(QueueUrl).split('/').at(-1) ?? ''] ?? 0),
      ApproximateNumberOfMessagesNotVisible: '1',
      ApproximateNumberOfMessagesDelayed: '2',
    },
  });
};

interface DataQuery {
  Id: string;
  MetricStat: { Metric: { MetricName: string; Dimensions: { Name: string; Value: string }[] }; Stat: string };
}

/** Answers GetMetricData from `name[/route][/statistic] → value`, one point at the start of the range. */
const metricData = (values: Record<string, number>): AwsAnswers['GetMetricData'] => {
  return ({ MetricDataQueries, StartTime }) => ({
    MetricDataResults: (MetricDataQueries as DataQuery[]).map(({ Id, MetricStat: { Metric, Stat } }) => {
      const dimension = (name: string) => Metric.Dimensions.find(({ Name }) => Name === name)?.Value;
      const route = dimension('Resource')
        ? `${dimension('Method')} ${dimension('Resource')}`
        : dimension('QueueName');
      const key = [Metric.MetricName, route, Stat.startsWith('p') ? Stat : undefined]
        .filter(Boolean)
        .join(' ');
      const value = values[key];
      return {
        Id,
        Timestamps: value === undefined ? [] : [StartTime],
        Values: value === undefined ? [] : [value],
      };
    }),
  });
};

beforeEach(() => {
  aws.calls.length = 0;
  aws.answers = { GetQueueAttributes: depths({}), GetMetricData: metricData({}) };
});

const call = (routeKey: string, rest: Omit<RestCall, 'routeKey'> = {}) =>
  callRest(handler, { routeKey, ...rest });
const health = async (role?: string) =>
  call('GET /api/system/health', {
    headers: role ? { authorization: `Bearer ${await issuer.token({ role })}` } : {},
  });

describe('health', () => {
  test('is shallow for everybody and touches nothing', async () => {
    for (const role of [undefined, 'member', 'viewer']) {
      expect(await health(role)).toMatchObject({ status: 200, body: { status: 'healthy', checks: [] } });
    }
    const broken = await call('GET /api/system/health', { headers: { authorization: 'Bearer nonsense' } });
    expect(broken.body).toEqual({ status: 'healthy', checks: [] });
    expect(aws.calls).toEqual([]);
  });

  test('is deep for owners and admins', async () => {
    for (const role of ['owner', 'admin']) {
      const { status, body } = await health(role);
      expect({ status, overall: body.status }).toEqual({ status: 200, overall: 'healthy' });
      expect(body.checks.map(({ name }: { name: string }) => name)).toEqual([
        'table:crm',
        'table:tasks',
        'table:platform',
        'table:views',
        'queue:runner',
        'stream',
      ]);
    }
  });

  test('is degraded by dead letters and by a stream that lags', async () => {
    aws.answers.GetQueueAttributes = depths({ 'runner-dlq': 3 });
    aws.answers.GetMetricData = metricData({ IteratorAge: 90_000 });
    const { status, body } = await health('owner');
    expect({ status, overall: body.status }).toEqual({ status: 200, overall: 'degraded' });
    expect(body.checks.slice(4)).toMatchObject([
      { name: 'queue:runner', status: 'degraded', detail: '3 dead letters' },
      { name: 'stream', status: 'degraded', detail: '90 s behind' },
    ]);
  });

  test('is unhealthy, and 503, when a queue cannot be reached', async () => {
    aws.answers.GetQueueAttributes = () => {
      throw new AwsRefusal('AccessDeniedException', 403);
    };
    const { status, body } = await health('owner');
    expect({ status, overall: body.status }).toEqual({ status: 503, overall: 'unhealthy' });
    expect(body.checks[4]).toMatchObject({ status: 'unhealthy', detail: 'AccessDeniedException' });
  });

  test('does not wait for a check that hangs', async () => {
    const { promise: never, resolve } = Promise.withResolvers<void>();
    aws.answers.GetMetricData = () => never;
    const started = Date.now();
    const { status, body } = await health('owner');
    resolve();
    expect(Date.now() - started).toBeLessThan(20_000);
    expect({ status, check: body.checks[5].status }).toEqual({ status: 200, check: 'degraded' });
  });
});

describe('metrics', () => {
  const admin = { role: 'admin' as const };

  test('add up requests, errors and latencies by route', async () => {
    aws.answers.GetMetricData = metricData({
      Count: 30,
      '4xx': 3,
      '5xx': 1.5,
      'Latency p50': 10,
      'Latency p95': 50,
      'Latency p99': 99,
      'Count GET /api/v1/contacts': 20,
      '5xx GET /api/v1/contacts': 2,
      'Latency GET /api/v1/contacts p95': 40,
      IteratorAge: 120,
      'ApproximateNumberOfMessagesVisible tandem-dev-runner': 7,
      'ApproximateAgeOfOldestMessage tandem-dev-runner': 12,
      'ApproximateNumberOfMessagesVisible tandem-dev-runner-dlq': 1,
    });
    const { status, body } = await call('GET /api/system/metrics', { as: admin });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      periodSeconds: 300,
      total: { requests: 30, clientErrors: 3, errorRate: 0.05, p50: 10, p95: 50, p99: 99 },
      cache: { hitRate: null },
      streamLagMs: 120,
      queues: [{ name: 'runner', waiting: 7, oldestSeconds: 12, deadLetters: 1 }],
    });
    expect(body.routes).toEqual([
      {
        operation: 'listContacts',
        method: 'GET',
        path: '/api/v1/contacts',
        requests: 20,
        clientErrors: 0,
        serverErrors: 2,
        errorRate: 0.1,
        p50: null,
        p95: 40,
        p99: null,
      },
    ]);
    expect(body.series).toHaveLength(1);
  });

  test('ask for percentiles of called routes only', async () => {
    aws.answers.GetMetricData = metricData({ 'Count GET /api/v1/me': 1 });
    await call('GET /api/system/metrics', { as: admin });
    const asked = aws.calls.map(({ input }) => (input.MetricDataQueries as DataQuery[]).length);
    expect(asked.sort((a, b) => a - b)).toEqual([3, 6, 10]);
  });

  test('are for owners and admins', async () => {
    const { status } = await call('GET /api/system/metrics', { as: { role: 'manager' } });
    expect(status).toBe(403);
  });

  test.each([
    [{ window: '2m' }, 'window'],
    [{ window: '2d' }, 'window'],
    [{ window: 'soon' }, 'window'],
    [{ period: '90' }, 'period'],
    [{ window: '1d', period: '60' }, 'period'],
    [{ window: '5m', period: '600' }, 'period'],
    [{ period: '0' }, 'period'],
  ])('refuse %j', async (query, parameter) => {
    const { status, body } = await call('GET /api/system/metrics', { as: admin, query });
    expect({ status, parameter: body.errors[0].parameter }).toEqual({ status: 422, parameter });
  });

  test('windows end with the running period and are whole', () => {
    const at = new Date('2026-03-01T10:07:31Z');
    const { range, period } = parseWindow({ window: '1h' }, at);
    expect({
      from: new Date(range.from * 1e3).toISOString(),
      to: new Date(range.to * 1e3).toISOString(),
      period,
    }).toEqual({
      from: '2026-03-01T09:10:00.000Z',
      to: '2026-03-01T10:10:00.000Z',
      period: 300,
    });
  });
});

test('alerts name every alarm of the stage, those that fire first', async () => {
  aws.answers.DescribeAlarms = ({ NextToken }) =>
    NextToken
      ? { CompositeAlarms: [{ AlarmName: 'tandem-dev-page', StateValue: 'OK', AlarmRule: 'ALARM(x)' }] }
      : {
          NextToken: 'more',
          MetricAlarms: [
            {
              AlarmName: 'tandem-dev-a',
              StateValue: 'OK',
              Namespace: 'AWS/SQS',
              MetricName: 'Age',
              Threshold: 5,
            },
            {
              AlarmName: 'tandem-dev-b',
              StateValue: 'ALARM',
              StateReason: 'too much',
              StateTransitionedTimestamp: 1_767_225_600.5,
              AlarmDescription: 'Something waits',
              Threshold: 1,
              Metrics: [{ Expression: 'a+b', Label: 'sum' }, { ReturnData: false }],
            },
          ],
        };
  const { body } = await call('GET /api/system/alerts', { as: { role: 'owner' } });
  expect(aws.calls[0]?.input).toMatchObject({ AlarmNamePrefix: 'tandem-dev-' });
  expect(body.alerts).toEqual([
    {
      name: 'b',
      state: 'ALARM',
      since: '2026-01-01T00:00:00.500Z',
      description: 'Something waits',
      metric: 'sum',
      threshold: 1,
      reason: 'too much',
    },
    {
      name: 'a',
      state: 'OK',
      since: null,
      description: null,
      metric: 'AWS/SQS Age',
      threshold: 5,
      reason: null,
    },
    {
      name: 'page',
      state: 'OK',
      since: null,
      description: null,
      metric: 'ALARM(x)',
      threshold: null,
      reason: null,
    },
  ]);
});

test('queues show what waits in them and behind them', async () => {
  aws.answers.GetQueueAttributes = depths({ runner: 4, 'runner-dlq': 1 });
  aws.answers.GetMetricData = metricData({ 'ApproximateAgeOfOldestMessage tandem-dev-runner-dlq': 90 });
  const { body } = await call('GET /api/system/queues', { as: { role: 'owner' } });
  expect(body.queues).toEqual([
    {
      name: 'runner',
      waiting: 4,
      inFlight: 1,
      delayed: 2,
      oldestSeconds: null,
      deadLetter: { name: 'runner-dlq', waiting: 1, inFlight: 1, oldestSeconds: 90 },
    },
  ]);
});

describe('dead letters of a queue', () => {
  const as = { role: 'admin' as const, tenantId: 'mine' };
  const peek = (name: string, query = {}) =>
    call('GET /api/system/queues/{name}/messages', { path: { name }, query, as });
  const redrive = (name: string, body?: unknown) =>
    call('POST /api/system/queues/{name}/redrive', { path: { name }, body, as });

  /** Each receive gives the next of the batches. */
  const holding = (...batches: { id: string; body: string; group?: string }[][]) => {
    let at = 0;
    aws.answers.GetQueueAttributes = depths({ 'runner-dlq': batches.flat().length });
    aws.answers.ChangeMessageVisibilityBatch = () => ({});
    aws.answers.ReceiveMessage = () => ({
      Messages: batches[at++]?.map(({ id, body, group }) => ({
        MessageId: id,
        ReceiptHandle: `handle-${id}`,
        Body: body,
        Attributes: { SentTimestamp: '1000', ApproximateReceiveCount: '6', MessageGroupId: group },
      })),
    });
  };
  const sent = (operation: string) =>
    aws.calls.filter((one) => one.operation === operation).map(({ input }) => input);

  test('are shown to their tenant, counted for the others, and put back', async () => {
    holding(
      [
        { id: '1', body: '{"tenantId":"mine","taskId":"task_1"}', group: 'mine' },
        { id: '2', body: '{"tenantId":"other","taskId":"secret"}', group: 'other' },
      ],
      [
        { id: '3', body: 'no JSON', group: 'mine' },
        { id: '4', body: 'null' },
      ],
    );
    const { status, body } = await peek('runner');
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        queue: 'runner-dlq',
        waiting: 4,
        messages: [
          {
            id: '1',
            sentAt: '1970-01-01T00:00:01.000Z',
            receives: 6,
            body: { tenantId: 'mine', taskId: 'task_1' },
          },
          { id: '3', sentAt: '1970-01-01T00:00:01.000Z', receives: 6, body: 'no JSON' },
        ],
        others: 2,
      },
    });
    const handles = sent('ChangeMessageVisibilityBatch').flatMap(({ Entries }) => Entries);
    expect(handles).toEqual(
      ['1', '2', '3', '4'].map((id) =>
        expect.objectContaining({ ReceiptHandle: `handle-${id}`, VisibilityTimeout: 0 }),
      ),
    );
    expect(sent('DeleteMessage')).toEqual([]);
  });

  test('are looked at no further than asked for', async () => {
    const own = (id: string) => ({ id, body: '{"tenantId":"mine"}' });
    holding([own('1'), own('2')], [own('3')]);
    const { body } = await peek('runner-dlq', { limit: '1' });
    expect(body.messages.map(({ id }: { id: string }) => id)).toEqual(['1']);
    expect(sent('ReceiveMessage')).toHaveLength(1);
  });

  test('are put back also when a look fails in the middle', async () => {
    holding([{ id: '1', body: '{"tenantId":"mine"}' }], []);
    const first = aws.answers.ReceiveMessage;
    let receives = 0;
    aws.answers.ReceiveMessage = (input) => {
      receives += 1;
      if (receives > 1) throw new AwsRefusal('AccessDenied', 403);
      return first?.(input);
    };
    aws.answers.GetQueueAttributes = depths({ 'runner-dlq': 9 });
    expect((await peek('runner')).status).toBe(500);
    expect(sent('ChangeMessageVisibilityBatch')).toHaveLength(1);
  });

  test.each(['0', '51', '-1', '1.5', 'ten', '%31'])('are not shown %s at a time', async (limit) => {
    expect(await peek('runner', { limit })).toMatchObject({
      status: 422,
      body: { errors: [{ parameter: 'limit' }] },
    });
  });

  test('move back to their queue, as fast as asked for', async () => {
    aws.answers.GetQueueAttributes = ({ AttributeNames }) =>
      (AttributeNames as string[]).includes('QueueArn')
        ? { Attributes: { QueueArn: 'arn:aws:sqs:us-east-1:1:runner-dlq' } }
        : { Attributes: { ApproximateNumberOfMessages: '7' } };
    aws.answers.StartMessageMoveTask = () => ({ TaskHandle: 'x' });
    expect(await redrive('runner', { ratePerSecond: 5 })).toMatchObject({
      status: 202,
      body: { from: 'runner-dlq', to: 'runner', messages: 7 },
    });
    expect(sent('StartMessageMoveTask')).toEqual([
      { SourceArn: 'arn:aws:sqs:us-east-1:1:runner-dlq', MaxNumberOfMessagesPerSecond: 5 },
    ]);
    aws.answers.StartMessageMoveTask = () => {
      throw new AwsRefusal('UnsupportedOperation');
    };
    expect(await redrive('runner')).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });

  test('of a queue that does not exist are not found', async () => {
    for (const name of ['nobody', 'tandem-dev-runner', '__proto__']) {
      expect(await peek(name)).toMatchObject({ status: 404 });
      expect(await redrive(name)).toMatchObject({ status: 404 });
    }
  });

  test('are for owners and admins', async () => {
    for (const role of ['manager', 'member', 'viewer', 'worker'] as const) {
      const path = { name: 'runner' };
      for (const route of [
        'GET /api/system/queues/{name}/messages',
        'POST /api/system/queues/{name}/redrive',
      ])
        expect(await call(route, { path, as: { role } })).toMatchObject({ status: 403 });
    }
    expect(aws.calls).toEqual([]);
  });
});

test('a service that is busy is asked again', async () => {
  let asked = 0;
  const answer = depths({});
  aws.answers.GetQueueAttributes = (input) => {
    asked += 1;
    if (asked === 1) throw new AwsRefusal('ThrottlingException');
    return answer?.(input);
  };
  const { status } = await call('GET /api/system/queues', { as: { role: 'owner' } });
  expect(status).toBe(200);
  expect(asked).toBe(3);
});
