import { crmRoutes } from './crm/routes.ts';
import { platformRoutes } from './platform/routes.ts';
import type { Route } from './shared/route.ts';
import { taskRoutes } from './tasks/routes.ts';

/**
 * Every REST operation of Tandem. API Gateway's routes, the permissions, the OpenAPI document and the generated
 * tests are made from this; no function imports it, so that each bundle holds its own routes only.
 */
export const routeTable: readonly Route[] = [...crmRoutes, ...taskRoutes, ...platformRoutes];
