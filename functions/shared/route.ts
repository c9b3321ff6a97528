import type { ZodMiniType } from 'zod/mini';

/** Who a caller is; API keys may also be `worker`, which sees tasks only. */
export const roles = ['owner', 'admin', 'manager', 'member', 'viewer', 'worker'] as const;
export type Role = (typeof roles)[number];

/** What each permission lets in. A route names exactly one. */
export const permissions = {
  /** No caller needed at all: the route has no authorizer. */
  public: roles,
  'self:read': roles,
  'records:read': ['owner', 'admin', 'manager', 'member', 'viewer'],
  'records:write': ['owner', 'admin', 'manager', 'member'],
  'tasks:read': roles,
  'tasks:write': ['owner', 'admin', 'manager', 'member', 'worker'],
  'settings:read': roles,
  'settings:write': ['owner', 'admin'],
  'system:read': ['owner', 'admin'],
  'system:write': ['owner', 'admin'],
} as const satisfies Record<string, readonly Role[]>;
export type Permission = keyof typeof permissions;

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
/** The functions that serve REST routes. */
export type RestFunction = 'crm' | 'tasks' | 'platform';

/**
 * One REST operation. The route tables made of these give the API Gateway routes, the router,
 * the permissions, the OpenAPI paths and the generated test matrix.
 */
export interface Route {
  /** OpenAPI operationId and the key under which the handler is bound, e.g. `createContact`. */
  operation: string;
  method: HttpMethod;
  /** API Gateway path, e.g. `/api/v1/contacts/{id}`. */
  path: string;
  function: RestFunction;
  permission: Permission;
  summary: string;
  tag: string;
  /** Query parameters (strict object of strings); absent means: none are accepted. */
  query?: ZodMiniType;
  /** JSON body; absent means: the body must be empty. */
  body?: ZodMiniType;
  /** The answers a caller should expect when all goes well; problems are added by the OpenAPI builder. */
  responses: Record<number, { description: string; schema?: ZodMiniType; contentType?: string }>;
  /** The record is changed under `If-Match` when the caller sends it. */
  conditional?: boolean;
  /** A POST on which `Idempotency-Key` has no effect: what repeating it does instead, for the description. */
  repeating?: string;
}
