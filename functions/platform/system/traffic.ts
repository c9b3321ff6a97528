import { env } from '../../shared/environment.ts';
import type { MetricQuery, Series } from './cloudwatch.ts';

/** What is measured of requests, in the order of {@link trafficQueries}. */
const trafficMetrics = [
  ['Count', 'Sum'],
  ['4xx', 'Sum'],
  ['5xx', 'Sum'],
  ['Latency', 'p50'],
  ['Latency', 'p95'],
  ['Latency', 'p99'],
] as const;

/** Queries for the requests of the API, or of one of its routes. */
export function trafficQueries(route?: { method: string; path: string }): MetricQuery[] {
  return trafficMetrics.map(([name, statistic]) => ({
    namespace: 'AWS/ApiGateway',
    name,
    dimensions: {
      ApiId: env('HTTP_API_ID'),
      ...(route && { Stage: '$default', Method: route.method, Resource: route.path }),
    },
    statistic,
  }));
}

export interface Traffic {
  requests: number;
  clientErrors: number;
  serverErrors: number;
  errorRate: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** Summary of the series that answer {@link trafficQueries}. */
export function summariseTraffic(series: Series[]): Traffic {
  const [count = [], client, server, p50, p95, p99] = series;
  const requests = sum(count);
  const serverErrors = sum(server);
  return {
    requests,
    clientErrors: sum(client),
    serverErrors,
    errorRate: requests === 0 ? 0 : serverErrors / requests,
    p50: overall(p50, count),
    p95: overall(p95, count),
    p99: overall(p99, count),
  };
}

export function sum(series: Series = []): number {
  return series.reduce((total, { value }) => total + value, 0);
}

export function valueAt(series: Series = [], time: number): number | undefined {
  return series.find(({ at }) => at === time)?.value;
}

/** Percentiles of single periods have no exact common one: their mean, weighted by requests, comes close. */
function overall(percentile: Series = [], count: Series): number | null {
  const weighted = percentile.map(({ at, value }) => ({ value, weight: valueAt(count, at) ?? 0 }));
  const weight = weighted.reduce((total, point) => total + point.weight, 0);
  if (weight === 0) return null;
  const mean = weighted.reduce((total, point) => total + point.value * point.weight, 0) / weight;
  return rounded(mean);
}

/** Milliseconds to a tenth. */
export function rounded(millis: number | undefined): number | null {
  return millis === undefined ? null : Math.round(millis * 10) / 10;
}
