import { documentedRoutes } from '../platform/docs/openapi-routes.ts';
import { assetFile } from '../platform/docs/static-files.ts';
import { authenticate } from '../platform/identity/authenticate.ts';
import { Rejected } from '../platform/identity/identity.ts';
import { listAlerts } from '../platform/system/alerts.ts';
import { deepChecks } from '../platform/system/deep-checks.ts';
import { type Check, runChecks } from '../platform/system/health.ts';
import { readSystemMetrics } from '../platform/system/metrics.ts';
import { parseWindow } from '../platform/system/metrics-window.ts';
import { peekMessages } from '../platform/system/peek-messages.ts';
import { listQueues } from '../platform/system/queue-depths.ts';
import { redriveQueue } from '../platform/system/redrive-queue.ts';
import { now } from '../shared/clock.ts';
import { json } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { permissions, type Role } from '../shared/route.ts';
import { requireAllTypes } from '../tasks/types/type-scope.ts';

/**
 * What serves the system endpoints.
 * @param assets the directory with `openapi.json`, ending in a slash
 */
export function systemOperations(assets: URL): Record<string, Operation> {
  return {
    getHealth: async ({ authorization }) => {
      const health = await runChecks(await checksFor(authorization));
      return json(health.status === 'unhealthy' ? 503 : 200, health);
    },
    getMetrics: async ({ query }) => {
      const window = parseWindow(query, now());
      const { body } = await assetFile(new URL('openapi.json', assets));
      return json(200, await readSystemMetrics(documentedRoutes(JSON.parse(String(body))), window));
    },
    getAlerts: async () => json(200, await listAlerts()),
    listQueues: async () => json(200, await listQueues()),
    peekMessages: async ({ path, query, caller }) => {
      requireAllTypes(caller, 'queues');
      return json(200, await peekMessages(path.name ?? '', query, caller.tenantId));
    },
    redriveQueue: async ({ path, body, caller }) => {
      requireAllTypes(caller, 'queues');
      return json(202, await redriveQueue(path.name ?? '', body));
    },
  };
}

/** The route is public, so no authorizer has looked; credentials that are not good make the caller nobody. */
async function checksFor(authorization: string | undefined): Promise<Check[]> {
  if (authorization === undefined) return [];
  try {
    const { caller } = await authenticate(authorization);
    return (permissions['system:read'] as readonly Role[]).includes(caller.role) ? deepChecks() : [];
  } catch (error) {
    if (error instanceof Rejected) return [];
    return [{ name: 'identity', onFailure: 'unhealthy', run: () => Promise.reject(error) }];
  }
}
