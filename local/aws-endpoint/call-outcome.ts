import type { MetricSink } from '../types.ts';
import type { CallLog } from './call-log.ts';
import { resourcesOf } from './call-resources.ts';
import { readCapacity } from './consumed-capacity.ts';
import type { IncomingCall } from './incoming-call.ts';
import { isWrite, putDynamoDbMetrics } from './service-metrics.ts';

/** Where the end of each call is told. */
export interface CallObservers {
  calls: CallLog;
  metrics: MetricSink;
  /** Told of each table that a call may have written to, once the call is answered: stream pollers wait for it. */
  onWrite?(tableName: string): void;
}

/**
 * Notes how a call ended.
 * @param answer the body that went back, when it tells of costs or of an error
 */
export function noteOutcome(
  call: IncomingCall,
  status: number,
  { calls, metrics, onWrite }: CallObservers,
  answer?: Buffer,
): void {
  const { service, operation, principal, input, startedAt, url, traceId } = call;
  const durationMs = performance.now() - startedAt;
  const resources = resourcesOf(service, input, url);
  const index = typeof input.IndexName === 'string' ? input.IndexName : undefined;
  const capacity = service === 'dynamodb' && answer !== undefined ? readCapacity(answer) : [];
  const errorCode = status < 300 || answer === undefined ? undefined : errorCodeOf(answer);
  calls.add({
    at: Date.now() - Math.round(durationMs),
    principal: principal.roleArn,
    service,
    operation,
    resources,
    index,
    consumedCapacity:
      capacity.length > 0 ? capacity.reduce((sum, one) => sum + one.CapacityUnits, 0) : undefined,
    durationMs: Math.round(durationMs * 100) / 100,
    status,
    errorCode,
    traceId,
  });
  if (service !== 'dynamodb') return;
  if (status < 300 && isWrite(operation)) for (const table of resources) onWrite?.(table);
  putDynamoDbMetrics(metrics, {
    operation,
    tables: resources,
    index,
    capacity,
    durationMs,
    status,
    errorCode,
  });
}

/** `__type` of the JSON protocol without its namespace, `Code` of the XML ones. */
function errorCodeOf(body: Buffer): string | undefined {
  const start = body.toString('utf8', 0, 500);
  const type = /"__type"\s*:\s*"([^"]+)"/.exec(start)?.[1];
  return type?.split('#').at(-1) ?? /<Code>([^<]+)</.exec(start)?.[1];
}
