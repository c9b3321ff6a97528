import { problemCodes } from '../../functions/shared/problem.ts';
import type { Route } from '../../functions/shared/route.ts';
import { type Components, type JsonSchema, membersOf } from './components.ts';
import { problemsOf, responseName } from './problems.ts';

const etag = {
  description: 'Version of the record, for If-Match and If-None-Match',
  schema: { type: 'string' },
};

/** One operation object of the document. */
export function operationOf(route: Route, components: Components): JsonSchema {
  return {
    operationId: route.operation,
    tags: [route.tag],
    summary: route.summary,
    ...(route.repeating ? { description: `${route.repeating} An Idempotency-Key has no effect.` } : {}),
    ...(route.permission === 'public' ? { security: [] } : {}),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)],
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: components.reference(route.body) } },
          },
        }
      : {}),
    responses: { ...answers(route, components), ...problems(route) },
  };
}

/** OpenAPI has no greedy parameters: `{proxy+}` is one of its own. */
export function openApiPath(path: string): string {
  return path.replaceAll('+}', '}');
}

function pathParameters({ path }: Route): JsonSchema[] {
  return [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: Route): JsonSchema[] {
  if (!query) return [];
  return membersOf(query).map(({ name, schema: { description, ...schema }, required }) => ({
    name,
    in: 'query',
    required,
    ...(description ? { description } : {}),
    schema,
  }));
}

function headerParameters(route: Route): JsonSchema[] {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  });
  return [
    ...(route.method === 'POST' && route.permission !== 'public' && route.repeating === undefined
      ? [
          header(
            'Idempotency-Key',
            'Repeating the request with the same key within 24 hours gives the first answer',
          ),
        ]
      : []),
    ...(route.conditional ? [header('If-Match', 'Only when the record still has this entity tag')] : []),
    ...(route.responses[304] ? [header('If-None-Match', 'Answer 304 when nothing has changed')] : []),
    ...(route.conditional && route.method === 'PUT'
      ? [header('If-None-Match', '`*`: only when there is nothing of that name yet')]
      : []),
  ];
}

function answers(route: Route, components: Components): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, { description, schema, contentType }]) => [
      status,
      {
        description,
        ...(route.responses[304] || route.conditional ? { headers: { ETag: etag } } : {}),
        ...(schema || contentType
          ? {
              content: {
                [contentType ?? 'application/json']: schema ? { schema: components.reference(schema) } : {},
              },
            }
          : {}),
      },
    ]),
  );
}

function problems(route: Route): Record<string, JsonSchema> {
  const statuses = new Set(problemsOf(route).map((code) => problemCodes[code].status));
  return Object.fromEntries(
    [...statuses]
      .filter((status) => !(status in route.responses))
      .sort()
      .map((status) => [status, { $ref: `#/components/responses/${responseName(status)}` }]),
  );
}
