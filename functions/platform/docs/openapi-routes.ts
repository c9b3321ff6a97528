/** A route as the OpenAPI document names it. */
export interface DocumentedRoute {
  operation: string;
  method: string;
  path: string;
}

interface OpenApiDocument {
  paths?: Record<string, Record<string, { operationId?: string }>>;
}

/**
 * The routes of all functions. No function's bundle holds the whole route table; the document that is made
 * from it lies in this function's asset.
 */
export function documentedRoutes(document: OpenApiDocument): DocumentedRoute[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { operationId }]) =>
      operationId ? [{ operation: operationId, method: method.toUpperCase(), path: gatewayPath(path) }] : [],
    ),
  );
}

/** OpenAPI has no greedy parameters; in API Gateway the one called `proxy` is always greedy. */
function gatewayPath(path: string): string {
  return path.replace('{proxy}', '{proxy+}');
}
