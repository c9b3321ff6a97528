import { queryPage } from '../../shared/dynamo/table.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { type EventType, isWanted } from './event-types.ts';
import type { WebhookTarget } from './webhook.ts';
import { webhookKey } from './webhook-items.ts';
import { type DeliveryMessage, sendDeliveries, type WebhookEvent } from './webhook-queue.ts';

const queriesAtOnce = 16;

/** The webhooks of a tenant as they are now: an event right after one was made is not missed. */
async function webhooksOf(tenantId: string): Promise<WebhookTarget[]> {
  const { items } = await queryPage({
    table: 'platform',
    key: { text: 'pk = :pk', values: { ':pk': webhookKey(tenantId, '').pk } },
    project: ['id', 'url', 'events', 'disabledAt'],
    consistent: true,
  });
  return items as unknown as WebhookTarget[];
}

/**
 * Puts events on their way to every webhook of their tenant that wants them: one Query for each tenant.
 * @throws when the queue does not take them
 */
export async function dispatchEvents(
  events: { tenantId: string; event: WebhookEvent & { type: EventType } }[],
): Promise<void> {
  const tenantIds = [...new Set(events.map(({ tenantId }) => tenantId))];
  const webhooks = new Map(
    await mapConcurrently(
      tenantIds,
      queriesAtOnce,
      async (tenantId) => [tenantId, await webhooksOf(tenantId)] as const,
    ),
  );
  const messages: DeliveryMessage[] = [];
  for (const { tenantId, event } of events) {
    for (const { id, events: patterns, disabledAt } of webhooks.get(tenantId) ?? []) {
      if (disabledAt || !isWanted(patterns, event.type)) continue;
      messages.push({ tenantId, webhookId: id, event, attempt: 1 });
    }
  }
  await sendDeliveries(messages);
}
