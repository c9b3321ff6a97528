import type { APIGatewayProxyEventV2WithLambdaAuthorizer, Context } from 'aws-lambda';
import type * as z from 'zod/mini';
import { type Caller, requirePermission } from '../caller.ts';
import { now } from '../clock.ts';
import { parseIfMatch } from '../etag.ts';
import { requestFingerprint } from '../idempotency.ts';
import { Problem, validationFailed } from '../problem.ts';
import { type Role, type Route, roles } from '../route.ts';
import { decodeStrictly, parseStrictly } from '../strict-json.ts';
import { isKnownParameter, unknownParameter } from '../unknown-parameter.ts';
import { validate } from '../validation.ts';
import type { RestRequest } from './request.ts';

/** What the authorizer says of the caller: flat strings, as API Gateway and AppSync pass them. */
export type AuthorizerContext = Record<string, string | undefined>;
export type HttpEvent = APIGatewayProxyEventV2WithLambdaAuthorizer<AuthorizerContext>;

/** Bodies above this are refused; a task's input and the largest batch fit well below. */
export const maxBodyBytes = 1024 * 1024;
const maxIdempotencyKeyLength = 255;

/**
 * Turns API Gateway's event into a checked request: identity, permission, parameters, body, in this order.
 * @throws {Problem} for the first of them that is not right
 */
export function parseRequest(event: HttpEvent, route: Route, context: Context): RestRequest {
  const caller = route.permission === 'public' ? nobody : callerOf(event.requestContext.authorizer?.lambda);
  if (route.permission !== 'public') requirePermission(caller, route.permission);
  const rawBody = bodyText(event);
  const idempotencyKey = event.headers['idempotency-key'];
  return {
    caller,
    requestId: event.requestContext.requestId,
    path: parsePath(event),
    query: parseQuery(event.rawQueryString, route.query),
    body: parseBody(rawBody, route.body),
    ifMatch: parseIfMatch(event.headers['if-match']),
    ifNoneMatch: event.headers['if-none-match'],
    authorization: route.permission === 'public' ? event.headers.authorization : undefined,
    idempotency:
      route.method === 'POST' && idempotencyKey !== undefined
        ? {
            tenantId: caller.tenantId,
            subject: caller.subject,
            key: checkIdempotencyKey(idempotencyKey),
            fingerprint: requestFingerprint(route.method, event.rawPath, event.rawQueryString, rawBody),
          }
        : undefined,
    remainingMillis: () => context.getRemainingTimeInMillis(),
  };
}

const nobody: Caller = { tenantId: '', subject: '', role: 'viewer' };

/**
 * The caller that the authorizer found. Its verdict may be a minute old, so an end of the credential is looked at here.
 * @throws {Problem} `unauthenticated` with the authorizer's reason, or because the credential has expired since
 */
export function callerOf(authorizer: AuthorizerContext | undefined): Caller {
  const { authenticated, tenantId, subject, role, keyId, taskTypes, expiresAt, reason } = authorizer ?? {};
  if (authenticated !== 'true' || !tenantId || !subject || !roles.includes(role as Role)) {
    throw unauthenticated(reason ?? 'Send a bearer token or an API key in the Authorization header');
  }
  if (expiresAt !== undefined && !(Number(expiresAt) * 1_000 > now().getTime())) {
    throw unauthenticated(keyId ? 'The API key has expired' : 'The token has expired');
  }
  return {
    tenantId,
    subject,
    role: role as Role,
    ...(keyId ? { keyId } : {}),
    ...(taskTypes ? { taskTypes: taskTypes.split(',') } : {}),
  };
}

function unauthenticated(reason: string): Problem {
  return new Problem('unauthenticated', reason, { headers: { 'www-authenticate': 'Bearer' } });
}

function bodyText(event: HttpEvent): string {
  const { body = '', isBase64Encoded } = event;
  const size = isBase64Encoded ? Math.floor(body.length * 0.75) : Buffer.byteLength(body);
  if (size > maxBodyBytes) {
    throw new Problem('payload_too_large', `The body has ${size} bytes and the limit is ${maxBodyBytes}`, {
      extensions: { limitBytes: maxBodyBytes },
    });
  }
  if (!isBase64Encoded) return body;
  try {
    return decodeStrictly(Buffer.from(body, 'base64'));
  } catch {
    throw new Problem('malformed_json', 'The body is not valid UTF-8');
  }
}

function parseBody(text: string, schema: z.ZodMiniType | undefined): unknown {
  if (!schema) {
    if (text.trim() === '' || text.trim() === '{}') return undefined;
    throw validationFailed([{ pointer: '', code: 'unknown_field', message: 'this operation takes no body' }]);
  }
  if (text.trim() === '') {
    const empty = schema.safeParse(undefined);
    if (empty.success) return empty.data;
    throw new Problem('malformed_json', 'A JSON body is needed and there was none');
  }
  let value: unknown;
  try {
    value = parseStrictly(text);
  } catch (error) {
    throw new Problem('malformed_json', error instanceof Error ? error.message : 'not valid JSON');
  }
  return validate(schema, value);
}

/** Longest path parameter: ids have 30 characters, addresses 254; DynamoDB's keys end at 1 KB. */
const maxPathParameter = 512;

/** @throws {Problem} `not_found` for what no record can be named */
function parsePath(event: HttpEvent): Record<string, string> {
  const parameters = (event.pathParameters ?? {}) as Record<string, string>;
  for (const value of Object.values(parameters)) {
    if (value.length > maxPathParameter || !value.isWellFormed()) {
      throw new Problem('not_found', `Nothing is at ${event.rawPath.slice(0, 100)}…`);
    }
  }
  return parameters;
}

/** @throws {Problem} `unknown_parameter` naming the nearest known one */
function parseQuery(rawQueryString: string, schema: z.ZodMiniType | undefined): Record<string, string> {
  const shape = (schema?._zod.def as { shape?: Record<string, unknown> } | undefined)?.shape ?? {};
  const known = Object.keys(shape);
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    if (!isKnownParameter(name, known)) throw unknownParameter(name, known);
    if (Object.hasOwn(query, name)) {
      throw validationFailed([{ parameter: name, code: 'repeated', message: 'is given more than once' }]);
    }
    query[name] = value;
  }
  return query;
}

function checkIdempotencyKey(key: string): string {
  if (key.length > 0 && key.length <= maxIdempotencyKeyLength && /^[\x21-\x7e]+$/.test(key)) return key;
  throw validationFailed([
    {
      parameter: 'Idempotency-Key',
      code: 'invalid_format',
      message: `must be 1 to ${maxIdempotencyKeyLength} printable ASCII characters without spaces`,
    },
  ]);
}
