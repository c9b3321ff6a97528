import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createCloudWatchService } from '../../local/cloudwatch/cloudwatch-service.ts';
import { handleCloudWatchRequest } from '../../local/cloudwatch/json-protocol.ts';
import { MetricStore } from '../../local/cloudwatch/metric-store.ts';
import { runtimeContext } from '../support/local-runtime-context.ts';

const store = new MetricStore();
const service = createCloudWatchService(runtimeContext(), {
  store,
  publish: async () => {},
  sampleQueues: async () => [],
});
let server: Server;
let client: CloudWatchClient;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await handleCloudWatchRequest(service.api, {
      headers: request.headers,
      body: Buffer.concat(chunks),
    });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new CloudWatchClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
});
afterAll(() => {
  client.destroy();
  server.close();
});

const minute = 60_000;
/** A full minute, three minutes ago, so that no window is cut by the present. */
const base = Math.floor(Date.now() / minute) * minute - 3 * minute;
const at = (minutes: number) => new Date(base + minutes * minute);

const put = (
  MetricName: string,
  entries: { Timestamp: Date; Value?: number; Values?: number[]; Counts?: number[] }[],
) =>
  client.send(
    new PutMetricDataCommand({
      Namespace: 'Shop',
      MetricData: entries.map((entry) => ({
        MetricName,
        Dimensions: [{ Name: 'Service', Value: 'till' }],
        Unit: 'Count' as const,
        ...entry,
      })),
    }),
  );
const stat = (Id: string, MetricName: string, Stat: string, ReturnData = true) => ({
  Id,
  ReturnData,
  MetricStat: {
    Metric: { Namespace: 'Shop', MetricName, Dimensions: [{ Name: 'Service', Value: 'till' }] },
    Period: 60,
    Stat,
  },
});

describe('the SDK client against the local CloudWatch', () => {
  test('metrics that were put come back per minute, newest first, with gaps left out', async () => {
    await put('Sales', [
      { Timestamp: at(0), Value: 2 },
      { Timestamp: new Date(base + 20_000), Value: 4 },
      { Timestamp: at(2), Values: [1, 10], Counts: [3, 1] },
    ]);
    const answer = await client.send(
      new GetMetricDataCommand({
        MetricDataQueries: [
          stat('sum', 'Sales', 'Sum'),
          stat('top', 'Sales', 'Maximum'),
          stat('median', 'Sales', 'p50'),
        ],
        StartTime: at(0),
        EndTime: at(3),
      }),
    );
    const [sum, top, median] = answer.MetricDataResults ?? [];
    expect(sum).toMatchObject({
      Id: 'sum',
      Label: 'Sales',
      Timestamps: [at(2), at(0)],
      Values: [13, 6],
      StatusCode: 'Complete',
    });
    expect(top?.Values).toEqual([10, 4]);
    expect(median?.Values).toEqual([1, 3]);
  });

  test('an expression combines metrics; only what returns data is told', async () => {
    await put('Errors', [
      { Timestamp: at(0), Value: 1 },
      { Timestamp: at(1), Value: 5 },
    ]);
    await put('Calls', [
      { Timestamp: at(0), Value: 4 },
      { Timestamp: at(2), Value: 2 },
    ]);
    const answer = await client.send(
      new GetMetricDataCommand({
        MetricDataQueries: [
          stat('errors', 'Errors', 'Sum', false),
          stat('calls', 'Calls', 'Sum', false),
          { Id: 'rate', Expression: '100 * FILL(errors, 0) / calls', Label: 'rate' },
        ],
        StartTime: at(0),
        EndTime: at(3),
        ScanBy: 'TimestampAscending',
      }),
    );
    expect(answer.MetricDataResults).toMatchObject([
      { Id: 'rate', Timestamps: [at(0), at(2)], Values: [25, 0] },
    ]);
  });

  test('a long answer is paged by its token', async () => {
    const input = {
      MetricDataQueries: [stat('sum', 'Sales', 'Sum')],
      StartTime: at(0),
      EndTime: at(3),
      MaxDatapoints: 1,
    };
    const first = await client.send(new GetMetricDataCommand(input));
    expect(first.MetricDataResults?.[0]).toMatchObject({ Values: [13], StatusCode: 'PartialData' });
    const second = await client.send(new GetMetricDataCommand({ ...input, NextToken: first.NextToken }));
    expect(second.MetricDataResults?.[0]).toMatchObject({ Values: [6], StatusCode: 'Complete' });
    expect(second.NextToken).toBeUndefined();
  });

  test('an unsupported function is refused by name', async () => {
    const call = client.send(
      new GetMetricDataCommand({
        MetricDataQueries: [{ Id: 'e', Expression: 'ANOMALY_DETECTION_BAND(m)' }],
        StartTime: at(0),
        EndTime: at(3),
      }),
    );
    await expect(call).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('ANOMALY_DETECTION_BAND'),
    });
  });

  test('a big put arrives compressed', async () => {
    await put('Bulk', [
      { Timestamp: at(0), Values: Array.from({ length: 150 }, (_, i) => i + 1_000_000.123) },
    ]);
    await Promise.all(
      Array.from({ length: 3 }, () =>
        put(
          'Bulk',
          Array.from({ length: 100 }, () => ({
            Timestamp: at(0),
            Values: Array.from({ length: 20 }, () => 1),
          })),
        ),
      ),
    );
    const { Metrics } = await client.send(new ListMetricsCommand({ Namespace: 'Shop', MetricName: 'Bulk' }));
    expect(Metrics).toEqual([
      { Namespace: 'Shop', MetricName: 'Bulk', Dimensions: [{ Name: 'Service', Value: 'till' }] },
    ]);
  });

  test('alarms are found by prefix, type and state, in pages', async () => {
    const alarm = (name: string) => ({
      logicalId: name,
      type: 'AWS::CloudWatch::Alarm',
      properties: {
        AlarmName: `shop-${name}`,
        Namespace: 'Shop',
        MetricName: 'Errors',
        Dimensions: [{ Name: 'Service', Value: 'till' }],
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      },
    });
    for (const name of ['b', 'a', 'c'])
      await service.providers['AWS::CloudWatch::Alarm']?.create(alarm(name));
    await service.providers['AWS::CloudWatch::CompositeAlarm']?.create({
      logicalId: 'Page',
      type: 'AWS::CloudWatch::CompositeAlarm',
      properties: { AlarmName: 'shop-page', AlarmRule: 'ALARM("shop-a") OR ALARM("shop-b")' },
    });

    const first = await client.send(new DescribeAlarmsCommand({ AlarmNamePrefix: 'shop-', MaxRecords: 2 }));
    expect(first.MetricAlarms?.map(({ AlarmName }) => AlarmName)).toEqual(['shop-a', 'shop-b']);
    expect(first.MetricAlarms?.[0]).toMatchObject({
      AlarmArn: 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:shop-a',
      StateValue: 'INSUFFICIENT_DATA',
      Threshold: 1,
      Period: 60,
      StateUpdatedTimestamp: expect.any(Date),
    });
    const second = await client.send(
      new DescribeAlarmsCommand({ AlarmNamePrefix: 'shop-', MaxRecords: 2, NextToken: first.NextToken }),
    );
    expect(second.MetricAlarms?.map(({ AlarmName }) => AlarmName)).toEqual(['shop-c']);
    const composite = await client.send(
      new DescribeAlarmsCommand({ AlarmTypes: ['CompositeAlarm'], AlarmNamePrefix: 'shop-' }),
    );
    expect(composite.CompositeAlarms).toMatchObject([
      { AlarmName: 'shop-page', AlarmRule: expect.any(String) },
    ]);
    expect((await client.send(new DescribeAlarmsCommand({ StateValue: 'ALARM' }))).MetricAlarms).toEqual([]);
  });
});
