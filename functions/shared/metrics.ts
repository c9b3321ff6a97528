import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { env } from './environment.ts';

let metrics: Metrics | undefined;

/** The function's EMF metrics. Each dimension combination costs money, so tenants and ids go beside them, never in. */
function emitter(): Metrics {
  metrics ??= new Metrics({ namespace: env('METRICS_NAMESPACE'), serviceName: 'tandem' });
  return metrics;
}

/** Counts something that happened; written out at the end of the invocation. */
export function countMetric(name: string, value = 1): void {
  emitter().addMetric(name, MetricUnit.Count, value);
}

/** Writes the metrics of this invocation, if there are any. */
export function flushMetrics(): void {
  if (metrics?.hasStoredMetrics()) metrics.publishStoredMetrics();
}
