import { env } from '../../shared/environment.ts';
import type { DocumentedRoute } from '../docs/openapi-routes.ts';
import { type MetricQuery, readMetrics, type Series } from './cloudwatch.ts';
import type { MetricsWindow } from './metrics-window.ts';
import type { SystemMetrics } from './schemas.ts';
import { streamLagQuery } from './stream-lag.ts';
import { rounded, sum, summariseTraffic, trafficQueries, valueAt } from './traffic.ts';

/**
 * The figures of the service over a window. Two rounds of GetMetricData: percentiles are asked only of the
 * routes that were called, since each metric asked for costs.
 */
export async function readSystemMetrics(
  routes: readonly DocumentedRoute[],
  { range, period }: MetricsWindow,
): Promise<SystemMetrics> {
  const perRoute = trafficQueries().length;
  const [counts, figures] = await Promise.all([
    readMetrics(
      routes.flatMap((route) => trafficQueries(route).slice(0, 1)),
      range,
      period,
    ),
    readMetrics([...trafficQueries(), ...processingQueries()], range, period),
  ]);
  const called = routes.filter((_route, index) => sum(counts[index]) > 0);
  const details = await readMetrics(called.flatMap(trafficQueries), range, period);
  const total = figures.slice(0, perRoute);
  return {
    from: iso(range.from),
    to: iso(range.to),
    periodSeconds: period,
    total: summariseTraffic(total),
    routes: called
      .map((route, index) => ({
        ...route,
        ...summariseTraffic(details.slice(index * perRoute, (index + 1) * perRoute)),
      }))
      .sort((a, b) => b.requests - a.requests),
    series: toSeries(total),
    ...summariseProcessing(figures.slice(perRoute)),
  };
}

function iso(epochSeconds: number): string {
  return new Date(epochSeconds * 1_000).toISOString();
}

function toSeries([count = [], , server, , p95]: Series[]): SystemMetrics['series'] {
  return count.map(({ at, value }) => ({
    at: iso(at),
    requests: value,
    serverErrors: valueAt(server, at) ?? 0,
    p95: rounded(valueAt(p95, at)),
  }));
}

function queueQuery(queueName: string, name: string): MetricQuery {
  return { namespace: 'AWS/SQS', name, dimensions: { QueueName: queueName }, statistic: 'Maximum' };
}

/** In the order in which {@link summariseProcessing} takes them. */
function processingQueries(): MetricQuery[] {
  return [
    streamLagQuery(),
    ...env('QUEUE_NAMES').flatMap(({ queueName, deadLetter }) => [
      queueQuery(queueName, 'ApproximateNumberOfMessagesVisible'),
      queueQuery(queueName, 'ApproximateAgeOfOldestMessage'),
      queueQuery(deadLetter?.queueName ?? queueName, 'ApproximateNumberOfMessagesVisible'),
    ]),
  ];
}

function summariseProcessing(series: Series[]): Pick<SystemMetrics, 'cache' | 'streamLagMs' | 'queues'> {
  const [lag, ...queues] = series;
  return {
    cache: { hitRate: null },
    streamLagMs: lag?.length ? Math.max(...lag.map(({ value }) => value)) : null,
    queues: env('QUEUE_NAMES').map(({ name, deadLetter }, index) => ({
      name,
      waiting: newest(queues[index * 3]),
      oldestSeconds: newest(queues[index * 3 + 1]),
      deadLetters: deadLetter ? newest(queues[index * 3 + 2]) : null,
    })),
  };
}

function newest(series: Series = []): number | null {
  return series.at(-1)?.value ?? null;
}
