import { describe, expect, test } from '@jest/globals';
import { createCloudWatchService } from '../../local/cloudwatch/cloudwatch-service.ts';
import { MetricStore } from '../../local/cloudwatch/metric-store.ts';
import type { QueueSample } from '../../local/cloudwatch/queue-metrics.ts';
import { runtimeContext } from '../support/local-runtime-context.ts';

interface Notification {
  topic: string;
  NewStateValue: string;
  OldStateValue: string;
  AlarmName: string;
}

/** A CloudWatch whose queue `dead` holds as many messages as `depth` says. */
function cloudWatch() {
  const queue: QueueSample = { queueName: 'dead', visible: 0, notVisible: 0, delayed: 0 };
  const notifications: Notification[] = [];
  const store = new MetricStore();
  const context = runtimeContext();
  const service = createCloudWatchService(context, {
    store,
    tickMs: 10,
    publish: async (topic, _subject, message) => void notifications.push({ topic, ...JSON.parse(message) }),
    sampleQueues: async () => [queue],
  });
  const create = async (type: string, properties: Record<string, unknown>) =>
    service.providers[`AWS::CloudWatch::${type}`]?.create({ logicalId: 'Thing', type, properties });
  const stateOf = async (name: string): Promise<Record<string, unknown>> => {
    const types = { AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] };
    const answer = await service.api.call('DescribeAlarms', { AlarmNames: [name], ...types });
    const [alarm] = [answer.MetricAlarms, answer.CompositeAlarms].flat() as Record<string, unknown>[];
    return alarm ?? {};
  };
  return { queue, notifications, store, service, create, stateOf, context };
}

const depthAlarm = {
  AlarmName: 'dead-depth',
  AlarmDescription: 'Something failed',
  Namespace: 'AWS/SQS',
  MetricName: 'ApproximateNumberOfMessagesVisible',
  Dimensions: [{ Name: 'QueueName', Value: 'dead' }],
  Statistic: 'Maximum',
  Period: 60,
  EvaluationPeriods: 1,
  DatapointsToAlarm: 1,
  Threshold: 1,
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  TreatMissingData: 'notBreaching',
  AlarmActions: ['arn:topic'],
  OKActions: ['arn:topic'],
};

const until = async (holds: () => Promise<boolean>) => {
  const end = Date.now() + 5000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it did not come to hold within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe('alarms', () => {
  test('a message in a dead-letter queue raises its alarm and the composite alarm, and the topic is told', async () => {
    const { service, create, stateOf, queue, notifications } = cloudWatch();
    await create('Alarm', depthAlarm);
    await create('CompositeAlarm', {
      AlarmName: 'page',
      AlarmRule: '(ALARM("arn:aws:cloudwatch:us-east-1:123456789012:alarm:dead-depth"))',
      AlarmActions: ['arn:topic'],
    });
    await service.start?.();
    try {
      await until(async () => (await stateOf('dead-depth')).StateValue === 'OK');
      const before = (await stateOf('dead-depth')).StateUpdatedTimestamp as Date;
      queue.visible = 1;
      await until(async () => (await stateOf('page')).StateValue === 'ALARM');
      const alarm = await stateOf('dead-depth');
      expect(alarm).toMatchObject({
        StateValue: 'ALARM',
        StateReason: expect.stringContaining('Threshold crossed'),
      });
      expect((alarm.StateUpdatedTimestamp as Date).getTime()).toBeGreaterThanOrEqual(before.getTime());
      expect(await stateOf('page')).toMatchObject({ StateReason: 'Alarms in ALARM: dead-depth' });
    } finally {
      await service.stop?.();
    }
    const told = notifications.filter(({ NewStateValue }) => NewStateValue === 'ALARM');
    expect(told).toMatchObject([
      { topic: 'arn:topic', AlarmName: 'dead-depth', OldStateValue: 'OK' },
      { topic: 'arn:topic', AlarmName: 'page', OldStateValue: 'OK' },
    ]);
  });

  test('an alarm on an expression evaluates it', async () => {
    const { service, create, stateOf, store } = cloudWatch();
    const metric = (Id: string, Operation: string) => ({
      Id,
      ReturnData: false,
      MetricStat: {
        Metric: {
          Namespace: 'AWS/DynamoDB',
          MetricName: 'ThrottledRequests',
          Dimensions: [{ Name: 'Operation', Value: Operation }],
        },
        Period: 60,
        Stat: 'Sum',
      },
    });
    const { EvaluationPeriods, Threshold, ComparisonOperator, TreatMissingData } = depthAlarm;
    await create('Alarm', {
      AlarmName: 'throttles',
      Metrics: [
        metric('m0', 'Query'),
        metric('m1', 'PutItem'),
        { Id: 'expr_1', Expression: 'FILL(m0, 0) + FILL(m1, 0)', Label: 'sum' },
      ],
      EvaluationPeriods,
      Threshold: Threshold + 1,
      ComparisonOperator,
      TreatMissingData,
    });
    const put = (Operation: string) =>
      store.put({
        namespace: 'AWS/DynamoDB',
        name: 'ThrottledRequests',
        dimensions: { Operation },
        value: 1,
      });
    put('Query');
    put('PutItem');
    await service.start?.();
    await until(async () => (await stateOf('throttles')).StateValue === 'ALARM');
    await service.stop?.();
  });

  test.each([
    ['an unknown property', { ThresholdMetricId: 'ad1' }, /ThresholdMetricId/],
    ['a statistic that is not supported', { Statistic: 'tm99' }, /statistic tm99 is not supported/],
    ['a missing required property', { Threshold: undefined }, /Threshold/],
    ['an unknown comparison', { ComparisonOperator: 'Above' }, /ComparisonOperator/],
    ['more data points to alarm than periods', { DatapointsToAlarm: 2 }, /DatapointsToAlarm/],
  ])('%s fails the start', async (_, change, message) => {
    const { create } = cloudWatch();
    await expect(create('Alarm', { ...depthAlarm, ...change })).rejects.toThrow(message);
  });

  test.each([
    ['an unsupported function', 'ANOMALY_DETECTION_BAND(m1)', /ANOMALY_DETECTION_BAND.*not supported/],
    ['a syntax error', 'm1 +', /unexpected the end/],
    ['an unknown id', 'm1 + m2', /no query has the id m2/],
    ['a circle', 'e', /form a circle/],
    ['a result that is no series', '1 + 1', /single time series/],
  ])('an alarm expression with %s fails the start', async (_, Expression, message) => {
    const { create } = cloudWatch();
    const { Namespace, MetricName, Period } = depthAlarm;
    const { EvaluationPeriods, Threshold, ComparisonOperator } = depthAlarm;
    const Metrics = [
      { Id: 'm1', ReturnData: false, MetricStat: { Metric: { Namespace, MetricName }, Period, Stat: 'Sum' } },
      { Id: 'e', Expression },
    ];
    await expect(
      create('Alarm', { Metrics, EvaluationPeriods, Threshold, ComparisonOperator }),
    ).rejects.toThrow(message);
  });

  test('a composite rule on an alarm that does not exist fails the start', async () => {
    const { create } = cloudWatch();
    await expect(create('CompositeAlarm', { AlarmName: 'page', AlarmRule: 'ALARM(nobody)' })).rejects.toThrow(
      /the alarm nobody, which does not exist/,
    );
  });

  test('a dashboard with broken JSON fails the start', async () => {
    const { create } = cloudWatch();
    await create('Dashboard', {
      DashboardBody: '{"widgets":[{"type":"text","properties":{"markdown":"hi"}}]}',
    });
    await expect(create('Dashboard', { DashboardBody: '{"widgets":[' })).rejects.toThrow(
      /DashboardBody is no JSON/,
    );
    await expect(create('Dashboard', { DashboardBody: '{"widgets":[{"type":"pie"}]}' })).rejects.toThrow(
      /DashboardBody widgets\.0\.type/,
    );
  });
});
