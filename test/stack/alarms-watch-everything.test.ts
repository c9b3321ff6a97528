import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { asText } from '../../lib/template-rules/template.ts';
import { resource, resources, type SynthesisedStack, synthesised } from './support/synthesised-stack.ts';

const root = resolve(import.meta.dirname, '../..');

let whole: SynthesisedStack;
beforeAll(() => {
  whole = synthesised();
});
afterAll(() => whole[Symbol.dispose]());

const alarms = () => resources(whole.template, 'AWS::CloudWatch::Alarm').map(({ properties }) => properties);
const alarmed = (name: string) => {
  const found = alarms().find(({ AlarmName }) => AlarmName === `tandem-dev-${name}`);
  if (!found) throw new Error(`no alarm ${name}`);
  return found;
};

test('each failure queue pages when anything is in it', () => {
  const rule = JSON.stringify(resource(whole.template, 'AWS::CloudWatch::CompositeAlarm').AlarmRule);
  for (const queue of [
    'runner-high-dlq',
    'runner-dlq',
    'runner-low-dlq',
    'webhooks-dlq',
    'changes-dlq',
    'clock-dlq',
  ]) {
    expect(alarmed(`${queue}-depth`)).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      EvaluationPeriods: 1,
    });
    expect(rule).toContain(`${queue.replaceAll('-', '')}depth`);
  }
});

test('each function has an alarm on its errors and on its throttles', () => {
  for (const { properties } of resources(whole.template, 'AWS::Lambda::Function')) {
    for (const metric of ['Errors', 'Throttles']) {
      expect(alarms()).toContainEqual(
        expect.objectContaining({
          Namespace: 'AWS/Lambda',
          MetricName: metric,
          Dimensions: [{ Name: 'FunctionName', Value: properties.FunctionName }],
        }),
      );
    }
  }
});

test('each table has an alarm on refused requests, of every operation that the functions use', () => {
  const used = new Set(
    globSync('functions/shared/dynamo/*.ts', { cwd: root }).flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/callDynamo(?:<.*>)?\('(\w+)'/g)].map(
        ([, operation]) => operation,
      ),
    ),
  );
  expect(used).toContain('GetItem');
  // Once in the life of a webhook: not worth its price.
  used.delete('DeleteItem');
  for (const table of ['crm', 'tasks', 'platform', 'views']) {
    const { Metrics } = alarmed(`${table}-table-throttles`);
    // CloudWatch takes ten metrics in an alarm at most.
    expect(Metrics.length).toBeLessThanOrEqual(10);
    const watched = (Metrics as { MetricStat?: { Metric: { MetricName: string; Dimensions: unknown[] } } }[])
      .flatMap(({ MetricStat }) => MetricStat ?? [])
      .filter(({ Metric }) => Metric.MetricName === 'ThrottledRequests')
      .flatMap(({ Metric }) => Metric.Dimensions as { Name: string; Value: string }[])
      .flatMap(({ Name, Value }) => (Name === 'Operation' ? [Value] : []));
    expect(watched.sort()).toEqual([...used].sort());
  }
});

test('the APIs have alarms on server errors and on their slowest answers', () => {
  expect(alarmed('rest-5xx')).toMatchObject({
    Namespace: 'AWS/ApiGateway',
    MetricName: '5xx',
    Statistic: 'Sum',
  });
  expect(alarmed('rest-p99')).toMatchObject({
    MetricName: 'Latency',
    ExtendedStatistic: 'p99',
    Threshold: 3000,
  });
  expect(alarmed('graphql-5xx')).toMatchObject({ Namespace: 'AWS/AppSync', MetricName: '5XXError' });
  expect(alarmed('stream-lag')).toMatchObject({
    MetricName: 'IteratorAge',
    Statistic: 'Maximum',
    Threshold: 60_000,
  });
  for (const [queue, Threshold] of [
    ['runner-high', 120],
    ['runner', 300],
    ['runner-low', 3_600],
  ]) {
    expect(alarmed(`${queue}-queue-age`)).toMatchObject({
      MetricName: 'ApproximateAgeOfOldestMessage',
      Threshold,
    });
  }
});

test('every alarm has the prefix that the alerts endpoint looks for, tells the topic and says what it means', () => {
  const topic = resources(whole.template, 'AWS::SNS::Topic')[0]?.id;
  const composite = resource(whole.template, 'AWS::CloudWatch::CompositeAlarm');
  for (const alarm of [...alarms(), composite]) {
    expect(alarm.AlarmName).toMatch(/^tandem-dev-/);
    expect(alarm.AlarmActions).toEqual([{ Ref: topic }]);
    expect(alarm.OKActions).toEqual([{ Ref: topic }]);
    expect(alarm.AlarmDescription).toMatch(/\w{3,}/);
  }
  const policy = JSON.stringify(resource(whole.template, 'AWS::SNS::TopicPolicy').PolicyDocument);
  expect(policy).toContain('cloudwatch.amazonaws.com');
});

test('the dashboard draws every function, queue and table', () => {
  const { widgets } = JSON.parse(
    asText(resource(whole.template, 'AWS::CloudWatch::Dashboard').DashboardBody),
  ) as {
    widgets: { properties: { title: string; metrics: unknown[] } }[];
  };
  expect(widgets).toHaveLength(12);
  const text = JSON.stringify(widgets);
  for (const { properties } of resources(whole.template, 'AWS::Lambda::Function')) {
    expect(text).toContain(properties.FunctionName);
  }
  expect(
    widgets.find(({ properties }) => properties.title === 'Failure queues')?.properties.metrics,
  ).toHaveLength(6);
});
