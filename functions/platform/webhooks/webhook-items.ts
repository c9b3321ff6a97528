import type { Item, Key } from '../../shared/dynamo/item.ts';
import type { Webhook } from './webhook.ts';

export function webhookKey(tenantId: string, id: string): Key {
  return { pk: `${tenantId}#hook`, sk: id };
}

/** Deliveries of a webhook in the order of their events. */
export function deliveryKey(
  tenantId: string,
  webhookId: string,
  event: { id: string; timestamp: string },
): Key {
  return { pk: `${tenantId}#deliveries#${webhookId}`, sk: `${event.timestamp}#${event.id}` };
}

/** An item as answered; the sealed secret stays behind. */
export function toWebhook(item: Item): Webhook {
  return {
    id: item.id,
    url: item.url,
    events: item.events,
    description: item.description ?? null,
    disabledAt: item.disabledAt ?? null,
    disabledReason: item.disabledReason ?? null,
    version: item.version,
    createdAt: item.createdAt,
    updatedAt: item.updatedAt,
    createdBy: item.createdBy,
    updatedBy: item.updatedBy,
  } as Webhook;
}
