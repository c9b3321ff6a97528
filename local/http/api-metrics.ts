import type { MetricSink } from '../types.ts';
import type { AccessFacts } from './access-log.ts';
import type { ApiIdentity } from './api-event.ts';

/**
 * What API Gateway measures of each request, as a reporter for one API.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
 * @param detailed also by route, as `DetailedMetricsEnabled` asks for
 */
export function apiMetrics(
  { apiId, stage }: ApiIdentity,
  detailed: boolean,
  sink: MetricSink,
): (facts: AccessFacts) => void {
  const plain: Record<string, string>[] = [{ ApiId: apiId }, { ApiId: apiId, Stage: stage }];
  const byRoute = new Map<string, Record<string, string>[]>();

  const dimensionsOf = (routeKey: string | undefined): Record<string, string>[] => {
    if (!detailed || routeKey === undefined) return plain;
    const known = byRoute.get(routeKey);
    if (known) return known;
    const [Method = '', Resource = Method] = routeKey.split(' ');
    const all = [...plain, { ApiId: apiId, Stage: stage, Method, Resource }];
    byRoute.set(routeKey, all);
    return all;
  };

  return ({ request, status, latency, integrationLatency, responseBytes }) => {
    const values: [name: string, value: number | undefined, unit: string][] = [
      ['Count', 1, 'Count'],
      ['4xx', status >= 400 && status < 500 ? 1 : 0, 'Count'],
      ['5xx', status >= 500 ? 1 : 0, 'Count'],
      ['Latency', latency, 'Milliseconds'],
      ['IntegrationLatency', integrationLatency, 'Milliseconds'],
      ['DataProcessed', responseBytes, 'Bytes'],
    ];
    for (const dimensions of dimensionsOf(request.match?.route.routeKey)) {
      for (const [name, value, unit] of values) {
        if (value !== undefined) sink.put({ namespace: 'AWS/ApiGateway', name, dimensions, value, unit });
      }
    }
  };
}
