import type { Route } from '../functions/shared/route.ts';
import { componentsOf, type JsonSchema } from './openapi/components.ts';
import { openApiPath, operationOf } from './openapi/operation.ts';
import { problemResponses, problemSchema } from './openapi/problems.ts';

/** What holds for all operations; the second paragraph is docs/decisions/0015-gateway-made-errors.md. */
const description = `A multi-tenant CRM and task queue. The tenant is that of the credentials.

Errors are problem documents (RFC 9457, \`application/problem+json\`) with a stable \`code\`. Rarely the gateway in front of the service answers by itself, with \`{"message": "…"}\` as \`application/json\`: 429 when the whole service is called too often, 500, 503 or 504 when a function was killed before it could answer. So decide by the status, look for \`code\` only in a problem document, and wait between attempts also where there is no \`Retry-After\`.`;

/** The OpenAPI 3.1 document of a route table. */
export function openApiDocument(routes: readonly Route[], version: string): JsonSchema {
  const components = componentsOf(routes);
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of routes) {
    const path = openApiPath(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, components) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tandem',
      version,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The origin that serves this document' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An ID token of the user pool, or an API key (`tdm_…`)',
        },
      },
      responses: problemResponses(routes),
      schemas: { ...components.schemas, Problem: problemSchema },
    },
  };
}
