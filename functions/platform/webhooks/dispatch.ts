import { queryPage } from '../../shared/dynamo/table.ts';
import { shortCache } from '../../shared/short-cache.ts';
import { type EventType, isWanted } from './event-types.ts';
import type { WebhookTarget } from './webhook.ts';
import { webhookKey } from './webhook-items.ts';
import { type DeliveryMessage, sendDeliveries, type WebhookEvent } from './webhook-queue.ts';

/** The webhooks of a tenant, at most 30 s old. */
const webhooksOf = shortCache<WebhookTarget[]>(
  async (tenantId) => {
    const { items } = await queryPage({
      table: 'platform',
      key: { text: 'pk = :pk', values: { ':pk': webhookKey(tenantId, '').pk } },
      project: ['id', 'url', 'events', 'disabledAt'],
    });
    return items as unknown as WebhookTarget[];
  },
  { seconds: 30 },
);

/** Puts an event of a tenant on its way to every webhook that wants it. @throws when the queue does not take it */
export async function dispatchEvents(
  events: { tenantId: string; event: WebhookEvent & { type: EventType } }[],
): Promise<void> {
  const messages: DeliveryMessage[] = [];
  for (const { tenantId, event } of events) {
    for (const { id, events: patterns, disabledAt } of (await webhooksOf(tenantId)) ?? []) {
      if (disabledAt || !isWanted(patterns, event.type)) continue;
      messages.push({ tenantId, webhookId: id, event, attempt: 1 });
    }
  }
  await sendDeliveries(messages);
}
