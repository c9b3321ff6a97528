import type { Context } from 'aws-lambda';
import { planCreateApiKey } from '../platform/api-keys/create-api-key.ts';
import { getApiKey, listApiKeys } from '../platform/api-keys/find-api-keys.ts';
import { revokeApiKey } from '../platform/api-keys/revoke-api-key.ts';
import { readAudit } from '../platform/audit/read-audit.ts';
import { describeCaller } from '../platform/me.ts';
import { platformRoutes } from '../platform/routes.ts';
import type { HttpEvent } from '../shared/http/parse-request.ts';
import { currentRecord, json, noContent, record, toStored } from '../shared/http/response.ts';
import { restHandler } from '../shared/http/rest-handler.ts';
import { carryOutOnce } from '../shared/idempotency.ts';
import { requireAllTypes } from '../tasks/types/type-scope.ts';
import { documentOperations } from './document-operations.ts';
import { systemOperations } from './system-operations.ts';
import { typeOperations } from './type-operations.ts';
import { webhookOperations } from './webhook-operations.ts';

/** The asset that this module lies in. */
const assets = new URL('./', import.meta.url);

const serve = restHandler(platformRoutes, {
  getMe: async ({ caller }) => json(200, describeCaller(caller)),
  listAudit: async ({ query, caller }) => {
    requireAllTypes(caller, 'the audit');
    return json(200, await readAudit(query, caller));
  },
  listApiKeys: async ({ query, caller }) => json(200, await listApiKeys(query, caller)),
  getApiKey: async (request) =>
    currentRecord(request, await getApiKey(request.path.id ?? '', request.caller)),
  createApiKey: async (request) => {
    const { writes, result } = planCreateApiKey(request.body, request);
    const headers = { location: `/api/v1/api-keys/${result.id}` };
    // What is kept for a replay has no key: secrets are stored as hashes only.
    const { key: _key, ...withoutKey } = result;
    await carryOutOnce(writes, request.idempotency, toStored(record(201, withoutKey, headers)));
    return record(201, result, headers);
  },
  deleteApiKey: async (request) => {
    await revokeApiKey(request.path.id ?? '', request);
    return noContent();
  },
  ...webhookOperations,
  ...typeOperations,
  ...systemOperations(assets),
  ...documentOperations(assets),
});

/** Serves the platform's routes, and as the `$default` route answers 404 for every path that has none. */
export function handler(event: HttpEvent, context: Context) {
  return serve(docsRoot(event), context);
}

/** `{proxy+}` matches at least one segment, so `/api/docs/` itself comes as `$default`. */
function docsRoot(event: HttpEvent): HttpEvent {
  const isRoot =
    event.routeKey === '$default' &&
    event.requestContext.http.method === 'GET' &&
    event.rawPath === '/api/docs/';
  return isRoot ? { ...event, routeKey: 'GET /api/docs/{proxy+}', pathParameters: { proxy: '' } } : event;
}
