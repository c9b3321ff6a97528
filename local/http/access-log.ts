import { commonLogTime } from './api-event.ts';
import type { ApiRequest } from './api-request.ts';

/** What is known of a request when it is over. */
export interface AccessFacts {
  request: ApiRequest;
  status: number;
  /** Milliseconds. */
  latency: number;
  integrationLatency?: number;
  responseBytes: number;
  integrationError?: string;
  authorizerError?: string;
}

const variables: Record<string, (facts: AccessFacts) => unknown> = {
  'context.requestId': ({ request }) => request.requestId,
  'context.requestTime': ({ request }) => commonLogTime(request.receivedAt),
  'context.requestTimeEpoch': ({ request }) => request.receivedAt,
  'context.identity.sourceIp': ({ request }) => request.sourceIp,
  'context.identity.userAgent': ({ request }) => request.headers['user-agent'],
  'context.httpMethod': ({ request }) => request.method,
  'context.path': ({ request }) => request.path,
  'context.protocol': () => 'HTTP/1.1',
  'context.routeKey': ({ request }) => request.match?.route.routeKey,
  'context.status': ({ status }) => status,
  'context.responseLatency': ({ latency }) => Math.round(latency),
  'context.integrationLatency': ({ integrationLatency: time }) => time && Math.round(time),
  'context.responseLength': ({ responseBytes }) => responseBytes,
  'context.integrationErrorMessage': ({ integrationError }) => integrationError,
  'context.authorizer.error': ({ authorizerError }) => authorizerError,
};

/**
 * Compiles the format of a stage's access log; `-` stands for what is not known, as in the cloud.
 * `$context.authorizer.<name>` is what the authorizer put into its context.
 */
export function compileAccessLog(format: string): (facts: AccessFacts) => string {
  const parts = format.split(/\$([A-Za-z.]+)/);
  return (facts) =>
    parts
      .map((part, i) => {
        if (i % 2 === 0) return part;
        const read = variables[part];
        const value = read ? read(facts) : fromAuthorizer(part, facts);
        // The formats are JSON, so that a value must not end its string.
        return value === undefined ? '-' : JSON.stringify(String(value)).slice(1, -1);
      })
      .join('');
}

function fromAuthorizer(name: string, { request }: AccessFacts): unknown {
  const prefix = 'context.authorizer.';
  return name.startsWith(prefix) ? request.authorizerContext?.[name.slice(prefix.length)] : undefined;
}
