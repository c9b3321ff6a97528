import { AwsError } from '../types.ts';
import { type Input, pageOf } from './api-input.ts';
import { MathError } from './metric-math.ts';
import { MetricQueries, type QueryResult, type Window } from './metric-queries.ts';
import type { MetricStore } from './metric-store.ts';

/** As the API: data points in one answer, over all queries. */
const MAX_DATAPOINTS = 100_800;

interface Point {
  query: number;
  time: number;
  value: number;
}

/**
 * `GetMetricData`: queries and expressions over whole periods, newest first unless asked otherwise.
 *
 * @throws {AwsError} `ValidationError`, e.g. for an expression that cannot be computed
 */
export function getMetricData(store: MetricStore, input: Input<'GetMetricData'>): Record<string, unknown> {
  const { StartTime, EndTime } = input;
  if (StartTime >= EndTime)
    throw new AwsError('ValidationError', 'The parameter StartTime must be less than EndTime.');
  const results = evaluateAll(store, input, (period) => alignedWindows(StartTime, EndTime, period * 1000));

  const direction = input.ScanBy === 'TimestampAscending' ? 1 : -1;
  const points = results
    .flatMap(({ windows, series }, query) =>
      windows.flatMap(({ start }, index): Point[] => {
        const value = series[index];
        return value === undefined ? [] : [{ query, time: start, value }];
      }),
    )
    .sort((a, b) => a.query - b.query || (a.time - b.time) * direction);
  const { page, NextToken } = pageOf(points, input.MaxDatapoints ?? MAX_DATAPOINTS, input.NextToken);

  return {
    MetricDataResults: results.map(({ query: { Id, Label, MetricStat } }, index) => {
      const own = page.filter((point) => point.query === index);
      return {
        Id,
        Label: Label ?? MetricStat?.Metric.MetricName ?? Id,
        Timestamps: own.map(({ time }) => new Date(time)),
        Values: own.map(({ value }) => value),
        StatusCode: NextToken === undefined ? 'Complete' : 'PartialData',
      };
    }),
    Messages: [],
    NextToken,
  };
}

function evaluateAll(
  store: MetricStore,
  { MetricDataQueries }: Input<'GetMetricData'>,
  windowsOf: (period: number) => Window[],
): QueryResult[] {
  try {
    const queries = new MetricQueries(store, MetricDataQueries);
    return MetricDataQueries.filter(({ ReturnData }) => ReturnData !== false).map(({ Id }) =>
      queries.evaluate(Id, windowsOf),
    );
  } catch (error) {
    if (error instanceof MathError) throw new AwsError('ValidationError', error.message);
    throw error;
  }
}

/** Whole periods that begin at or after the aligned start. */
function alignedWindows(from: number, to: number, width: number): Window[] {
  const first = from - (from % width);
  return Array.from({ length: Math.ceil((to - first) / width) }, (_, index) => {
    const start = first + index * width;
    return { start, end: start + width };
  });
}
