import { awsJson } from '../../shared/aws/json-call.ts';

export interface MetricQuery {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  /** `Sum`, `Maximum`, `p95`, … */
  statistic: string;
}

/** The points of a metric, oldest first; periods without data have none. */
export type Series = { at: number; value: number }[];

export interface TimeRange {
  /** Epoch seconds, whole minutes. */
  from: number;
  to: number;
}

/** AWS: at most 500 queries in one GetMetricData call. */
const maxQueries = 500;

interface GetMetricDataOutput {
  MetricDataResults?: { Id: string; Timestamps?: number[]; Values?: number[] }[];
  NextToken?: string;
}

/**
 * Reads metrics, in the order of the queries.
 * @param period seconds of one point, a multiple of 60
 */
export async function readMetrics(
  queries: MetricQuery[],
  range: TimeRange,
  period: number,
  timeoutMillis?: number,
): Promise<Series[]> {
  const calls: Promise<Series[]>[] = [];
  for (let start = 0; start < queries.length; start += maxQueries) {
    calls.push(readSome(queries.slice(start, start + maxQueries), range, period, timeoutMillis));
  }
  return (await Promise.all(calls)).flat();
}

async function readSome(
  queries: MetricQuery[],
  { from, to }: TimeRange,
  period: number,
  timeoutMillis?: number,
): Promise<Series[]> {
  const found: Series[] = queries.map(() => []);
  let token: string | undefined;
  do {
    const answer: GetMetricDataOutput = await awsJson(
      'monitoring',
      'GetMetricData',
      {
        StartTime: from,
        EndTime: to,
        ScanBy: 'TimestampAscending',
        NextToken: token,
        MetricDataQueries: queries.map((query, index) => toDataQuery(query, index, period)),
      },
      timeoutMillis,
    );
    for (const { Id, Timestamps = [], Values = [] } of answer.MetricDataResults ?? []) {
      const points = Timestamps.map((at, index) => ({ at, value: Values[index] ?? 0 }));
      found[Number(Id.slice(1))]?.push(...points);
    }
    token = answer.NextToken;
  } while (token);
  return found;
}

function toDataQuery({ namespace, name, dimensions, statistic }: MetricQuery, index: number, period: number) {
  return {
    Id: `m${index}`,
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: period,
      Stat: statistic,
    },
  };
}

/** An alarm of either kind, as DescribeAlarms gives it. */
export interface AlarmDescription {
  AlarmName: string;
  AlarmDescription?: string;
  StateValue: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  StateReason?: string;
  /** Epoch seconds. */
  StateTransitionedTimestamp?: number;
  StateUpdatedTimestamp?: number;
  MetricName?: string;
  Namespace?: string;
  Metrics?: { Expression?: string; Label?: string; ReturnData?: boolean }[];
  AlarmRule?: string;
  Threshold?: number;
}

interface DescribeAlarmsOutput {
  MetricAlarms?: AlarmDescription[];
  CompositeAlarms?: AlarmDescription[];
  NextToken?: string;
}

/** Every alarm whose name begins with the prefix. */
export async function describeAlarms(prefix: string): Promise<AlarmDescription[]> {
  const alarms: AlarmDescription[] = [];
  let token: string | undefined;
  do {
    const answer: DescribeAlarmsOutput = await awsJson('monitoring', 'DescribeAlarms', {
      AlarmNamePrefix: prefix,
      AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
      MaxRecords: 100,
      NextToken: token,
    });
    alarms.push(...(answer.MetricAlarms ?? []), ...(answer.CompositeAlarms ?? []));
    token = answer.NextToken;
  } while (token);
  return alarms;
}
