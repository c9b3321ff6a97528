import type { Caller } from '../../shared/caller.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { getItem, queryPage } from '../../shared/dynamo/table.ts';
import { notFound } from '../../shared/problem.ts';
import { type PageQuery, parsePage } from '../parse-page.ts';
import type { Delivery, Webhook } from './webhook.ts';
import { deliveryKey, toWebhook, webhookKey } from './webhook-items.ts';

interface Page<T> {
  data: T[];
  page: { nextCursor: string | null };
}

/** One GetItem. @throws {Problem} `not_found` also for another tenant's webhook */
export async function getWebhook(id: string, { tenantId }: Caller): Promise<Webhook> {
  const item = await getItem('platform', webhookKey(tenantId, id));
  if (!item) throw notFound('webhook', id);
  return toWebhook(item);
}

/** A page of the tenant's webhooks, newest first: one Query. @throws {Problem} `invalid_cursor` */
export function listWebhooks(query: PageQuery, { tenantId }: Caller): Promise<Page<Webhook>> {
  return newestFirst('platform', webhookKey(tenantId, '').pk, query, toWebhook);
}

/** A page of what was sent to a webhook, newest event first. @throws {Problem} `not_found`, `invalid_cursor` */
export async function listDeliveries(id: string, query: PageQuery, caller: Caller): Promise<Page<Delivery>> {
  await getWebhook(id, caller);
  const { pk } = deliveryKey(caller.tenantId, id, { id: '', timestamp: '' });
  return newestFirst('views', pk, query, toDelivery);
}

async function newestFirst<T>(
  table: 'platform' | 'views',
  pk: string,
  query: PageQuery,
  view: (item: Item) => T,
): Promise<Page<T>> {
  const { limit, cursor } = parsePage(query);
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, pk);
  const { items, lastKey } = await queryPage({
    table,
    key: { text: 'pk = :pk', values: { ':pk': pk } },
    limit,
    descending: true,
    ...(after !== undefined && { startKey: { pk, sk: after } }),
  });
  return {
    data: items.map(view),
    page: { nextCursor: lastKey ? encodeCursor([String(lastKey.sk)], pk) : null },
  };
}

function toDelivery(item: Item): Delivery {
  const { id, type, at, state, attempts, lastAttemptAt, lastStatus, lastError, nextAttemptAt } =
    item as unknown as Delivery;
  return { id, type, at, state, attempts, lastAttemptAt, lastStatus, lastError, nextAttemptAt };
}
