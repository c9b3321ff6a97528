import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { newTraceId, traceIdOf } from '../lambda/trace-header.ts';
import type { RouteMatch } from './route-table.ts';
import { splitTarget } from './url-decoding.ts';

/** One request on its way through an HTTP API. */
export interface ApiRequest {
  method: string;
  /** As in the request line, encoded. */
  path: string;
  /** Without the question mark, encoded. */
  query: string;
  /** Lower-case names, duplicates joined. */
  headers: Record<string, string>;
  sourceIp: string;
  /** API Gateway's own id of the request: `apigw-requestid`. */
  requestId: string;
  /** `X-Amzn-Trace-Id` for everything behind the gateway. */
  traceHeader: string;
  traceId: string;
  /** Epoch milliseconds. */
  receivedAt: number;
  match?: RouteMatch;
  /** What the authorizer let through. */
  authorizerContext?: Record<string, unknown>;
}

/**
 * Reads what has come in and adds what API Gateway adds.
 * @param message its `headers` are end-to-end ones, duplicates joined
 * @param domainName of the API: what its functions see as the host
 */
export function readApiRequest(message: IncomingMessage, domainName: string): ApiRequest {
  const { path, query } = splitTarget(message.url ?? '/');
  const headers = { ...message.headers } as Record<string, string>;
  const sourceIp = (message.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const traceId = traceIdOf(headers['x-amzn-trace-id']) ?? newTraceId();
  const traceHeader = `Root=${traceId}`;
  return {
    method: message.method ?? 'GET',
    path,
    query,
    headers: {
      ...headers,
      host: domainName,
      'content-length': headers['content-length'] ?? '0',
      'x-amzn-trace-id': traceHeader,
      'x-forwarded-for': headers['x-forwarded-for'] ?? sourceIp,
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
    },
    sourceIp,
    requestId: `${randomUUID().slice(-12)}=`,
    traceHeader,
    traceId,
    receivedAt: Date.now(),
  };
}
