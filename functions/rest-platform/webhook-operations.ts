import { planCreateWebhook } from '../platform/webhooks/create-webhook.ts';
import { deleteWebhook } from '../platform/webhooks/delete-webhook.ts';
import { getWebhook, listDeliveries, listWebhooks } from '../platform/webhooks/find-webhooks.ts';
import { currentRecord, json, noContent, record, toStored } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { carryOutOnce } from '../shared/idempotency.ts';
import { requireAllTypes } from '../tasks/types/type-scope.ts';

/** What serves the webhooks of a tenant. */
export const webhookOperations: Record<string, Operation> = {
  listWebhooks: async ({ query, caller }) => json(200, await listWebhooks(query, caller)),
  getWebhook: async (request) =>
    currentRecord(request, await getWebhook(request.path.id ?? '', request.caller)),
  createWebhook: async (request) => {
    requireAllTypes(request.caller, 'webhooks');
    const { writes, result } = await planCreateWebhook(request.body, request);
    const headers = { location: `/api/v1/webhooks/${result.id}` };
    // What is kept for a replay has no secret: it would lie there in the open.
    const { secret: _secret, ...withoutSecret } = result;
    await carryOutOnce(writes, request.idempotency, toStored(record(201, withoutSecret, headers)));
    return record(201, result, headers);
  },
  deleteWebhook: async (request) => {
    requireAllTypes(request.caller, 'webhooks');
    await deleteWebhook(request.path.id ?? '', request);
    return noContent();
  },
  listDeliveries: async ({ path, query, caller }) =>
    json(200, await listDeliveries(path.id ?? '', query, caller)),
};
