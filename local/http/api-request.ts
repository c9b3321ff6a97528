import type { RouteMatch } from './route-table.ts';

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
