import { type ProblemCode, problemCodes } from '../../functions/shared/problem.ts';
import { permissions, type Route, roles } from '../../functions/shared/route.ts';
import type { JsonSchema } from './components.ts';

const detail: JsonSchema = {
  type: 'object',
  description: 'One finding: `pointer` into the body or `parameter` of the query or path.',
  properties: {
    pointer: { type: 'string', description: 'JSON Pointer (RFC 6901)' },
    parameter: { type: 'string' },
    code: { type: 'string', description: 'Stable, snake_case' },
    message: { type: 'string' },
  },
  required: ['code', 'message'],
};

/** RFC 9457, with the members that every problem of this API has. */
export const problemSchema: JsonSchema = {
  type: 'object',
  description: 'What went wrong (RFC 9457). Some codes add members, e.g. `existingId` of `duplicate`.',
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(problemCodes) },
    traceId: { type: 'string' },
    errors: { type: 'array', items: detail },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'traceId'],
};

/** Which codes a route can answer with, apart from its own rules' conflicts. */
export function problemsOf(route: Route): ProblemCode[] {
  const codes: ProblemCode[] = ['rate_limited', 'internal', 'unavailable'];
  const allowed: readonly string[] = permissions[route.permission];
  if (route.permission !== 'public') codes.push('unauthenticated');
  if (allowed.length < roles.length) codes.push('forbidden');
  if (route.path.includes('{')) codes.push('not_found');
  codes.push('unknown_parameter');
  if (route.query && route.method === 'GET') codes.push('validation_failed', 'invalid_cursor');
  if (route.body) codes.push('malformed_json', 'validation_failed', 'payload_too_large');
  if (route.method !== 'GET') codes.push('conflict');
  if (route.method === 'POST') codes.push('idempotency_in_flight', 'idempotency_mismatch');
  if (route.conditional) codes.push('precondition_failed');
  return codes;
}

/** One shared response per status that a problem of these routes has. */
export function problemResponses(routes: readonly Route[]): Record<string, JsonSchema> {
  const statuses = new Set(routes.flatMap(problemsOf).map((code) => problemCodes[code].status));
  return Object.fromEntries([...statuses].map((status) => [responseName(status), problemResponse(status)]));
}

function problemResponse(status: number): JsonSchema {
  const meanings = Object.entries(problemCodes)
    .filter(([, problem]) => problem.status === status)
    .map(([code, { title }]) => `\`${code}\`: ${title}`);
  return {
    description: meanings.join('. '),
    ...(status === 429 || status === 503
      ? { headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } } }
      : {}),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

export const responseName = (status: number) => `Problem${status}`;
