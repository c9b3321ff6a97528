import middy from '@middy/core';
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { withReplay } from '../idempotency.ts';
import { traceId } from '../logger.ts';
import { flushMetrics } from '../metrics.ts';
import { Problem } from '../problem.ts';
import type { Route } from '../route.ts';
import { toProblem } from '../to-problem.ts';
import { type HttpEvent, parseRequest } from './parse-request.ts';
import type { RestRequest } from './request.ts';
import { type RestResponse, replayed } from './response.ts';

/** What serves one route: a checked request in, an answer out. */
// biome-ignore lint/suspicious/noExplicitAny: the body's type follows from the route's schema, which the table erases
export type Operation = (request: RestRequest<any>) => Promise<RestResponse>;

/**
 * The Lambda handler of one REST function.
 * @param routes the routes that API Gateway sends here
 * @param operations one per route, by the route's `operation`
 * @throws at load when a route has no operation or an operation no route
 */
export function restHandler(routes: readonly Route[], operations: Record<string, Operation>) {
  const table = bindRoutes(routes, operations);
  return middy<HttpEvent, APIGatewayProxyStructuredResultV2>()
    .use({ after: flushMetrics, onError: flushMetrics })
    .handler(async (event, context) => toGateway(await serve(event, context, table)));
}

type RouteTable = Map<string, { route: Route; operation: Operation }>;

function bindRoutes(routes: readonly Route[], operations: Record<string, Operation>): RouteTable {
  const unbound = new Set(Object.keys(operations));
  const table: RouteTable = new Map();
  for (const route of routes) {
    const operation = operations[route.operation];
    if (!operation) throw new Error(`no operation is bound to the route ${route.operation}`);
    unbound.delete(route.operation);
    table.set(`${route.method} ${route.path}`, { route, operation });
  }
  if (unbound.size > 0) throw new Error(`no route for the operations ${[...unbound].join(', ')}`);
  return table;
}

/** How long before Lambda's own timeout a caller is told that it took too long, in milliseconds. */
const answerMargin = 500;

async function serve(event: HttpEvent, context: Context, table: RouteTable): Promise<RestResponse> {
  const trace = traceId(event.requestContext.requestId);
  try {
    const bound = table.get(event.routeKey);
    if (!bound)
      throw new Problem('not_found', `Nothing is at ${event.requestContext.http.method} ${event.rawPath}`);
    const request = parseRequest(event, bound.route, context);
    return await withReplay(request.idempotency, () => inTime(bound.operation(request), request), replayed);
  } catch (error) {
    return problemResponse(toProblem(error, { routeKey: event.routeKey, traceId: trace }), trace);
  }
}

/** The answer, or 503 just before the function would be killed without one. */
async function inTime(answer: Promise<RestResponse>, request: RestRequest): Promise<RestResponse> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      reject(new Problem('unavailable', 'The request took too long; it may or may not have taken effect')),
    Math.max(0, request.remainingMillis() - answerMargin),
  );
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** A problem as an answer. */
export function problemResponse(problem: Problem, trace: string): RestResponse {
  return {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', ...problem.options.headers },
    body: JSON.stringify(problem.toDocument(trace)),
  };
}

function toGateway({ status, headers, body }: RestResponse): APIGatewayProxyStructuredResultV2 {
  const all = { 'cache-control': 'no-store', ...headers };
  if (body instanceof Uint8Array) {
    return {
      statusCode: status,
      headers: all,
      body: Buffer.from(body).toString('base64'),
      isBase64Encoded: true,
    };
  }
  return { statusCode: status, headers: all, ...(body === undefined ? {} : { body }) };
}
