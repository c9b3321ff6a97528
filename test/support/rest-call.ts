import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { HttpEvent } from '../../functions/shared/http/parse-request.ts';
import type { Role } from '../../functions/shared/route.ts';

export interface RestCall {
  /** E.g. `GET /api/v1/contacts/{id}`, as API Gateway names it. */
  routeKey: string;
  /** The path as sent; that of the route when absent. */
  rawPath?: string;
  path?: Record<string, string>;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: unknown;
  /** Who calls; absent means: the authorizer found nobody. */
  as?: {
    tenantId?: string;
    subject?: string;
    role: Role;
    keyId?: string;
    taskTypes?: string[];
    /** Epoch seconds. */
    expiresAt?: number;
  };
}

export interface RestAnswer {
  status: number;
  headers: Record<string, unknown>;
  /** Parsed when it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
}

type RestHandler = (
  event: HttpEvent,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2> | unknown;

/** Invokes a REST function as API Gateway would, past the network. */
export async function callRest(handler: RestHandler, call: RestCall): Promise<RestAnswer> {
  const answer = (await handler(toEvent(call), context)) as APIGatewayProxyStructuredResultV2;
  const headers = (answer.headers ?? {}) as Record<string, unknown>;
  const isJson = String(headers['content-type'] ?? '').includes('json');
  return {
    status: answer.statusCode ?? 0,
    headers,
    body: isJson && answer.body ? JSON.parse(answer.body) : answer.body,
  };
}

const context = { getRemainingTimeInMillis: () => 20_000 } as Context;

function toEvent({ routeKey, rawPath, path, query, headers = {}, body, as }: RestCall): HttpEvent {
  const [method = 'GET', route = '/'] = routeKey === '$default' ? ['GET', rawPath] : routeKey.split(' ');
  return {
    version: '2.0',
    routeKey,
    rawPath: rawPath ?? route,
    rawQueryString: new URLSearchParams(query).toString(),
    headers,
    pathParameters: path,
    isBase64Encoded: false,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    requestContext: {
      requestId: `request-${Math.random()}`,
      http: { method, path: rawPath ?? route },
      authorizer: {
        lambda: as
          ? {
              authenticated: 'true',
              tenantId: as.tenantId ?? 'acme',
              subject: as.subject ?? 'user-1',
              role: as.role,
              ...(as.keyId && { keyId: as.keyId }),
              ...(as.taskTypes && { taskTypes: as.taskTypes.join(',') }),
              ...(as.expiresAt !== undefined && { expiresAt: String(as.expiresAt) }),
            }
          : { authenticated: 'false', reason: 'no credentials' },
      },
    },
  } as unknown as HttpEvent;
}
