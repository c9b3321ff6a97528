import type { Route } from '../functions/shared/route.ts';
import { componentsOf, type JsonSchema } from './openapi/components.ts';
import { openApiPath, operationOf } from './openapi/operation.ts';
import { problemResponses, problemSchema } from './openapi/problems.ts';

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
      description: 'A multi-tenant CRM and task queue. The tenant is that of the credentials.',
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
