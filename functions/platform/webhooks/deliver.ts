import { now } from '../../shared/clock.ts';
import { getItem, putItem } from '../../shared/dynamo/table.ts';
import { nameOfFailure, post } from '../../shared/outgoing/post.ts';
import { AddressRefused } from '../../shared/outgoing/public-address.ts';
import { signDelivery } from '../../shared/outgoing/signing.ts';
import { nextDelay } from './retry-schedule.ts';
import type { Delivery } from './webhook.ts';
import { deliveryKey } from './webhook-items.ts';
import { type DeliveryMessage, sendDeliveries } from './webhook-queue.ts';
import { findTarget, noteFailure, noteSuccess, switchOff } from './webhook-target.ts';

/** How long a tenant can look back at its deliveries. */
const keptDays = 30;

/**
 * A receiver that takes longer should answer first and work afterwards; the function itself ends after 30 s.
 * What it says beyond its status is of no use here.
 */
const limits = { timeoutMillis: 15_000, maxBodyBytes: 0 };

/** How an attempt ended. */
interface Outcome {
  status?: number;
  error?: string;
  retryAfterMillis?: number;
  /** Nothing would change by trying again. */
  final?: boolean;
}

/**
 * Makes one attempt at a delivery, and plans the next one when it fails. Webhooks that are gone or switched off
 * and events that have been delivered before are dropped.
 * @throws when the attempt could not be made or noted for reasons of our own: the message then comes again
 */
export async function deliver(message: DeliveryMessage): Promise<void> {
  const { tenantId, webhookId, event, attempt, notBefore } = message;
  const target = await findTarget(tenantId, webhookId);
  if (!target || target.disabledAt) return;
  if (notBefore !== undefined && notBefore > now().getTime()) return sendDeliveries([message]);
  const known = await getItem('views', deliveryKey(tenantId, webhookId, event));
  if (known?.state === 'delivered' || Number(known?.attempts ?? 0) >= attempt) return;

  const outcome = await send(target.url, target.secret, event);
  const delivered = outcome.status !== undefined && outcome.status >= 200 && outcome.status < 300;
  const delay = delivered || outcome.final ? undefined : nextDelay(attempt, outcome.retryAfterMillis);
  const next = delay === undefined ? undefined : now().getTime() + delay;
  if (next !== undefined) await sendDeliveries([{ ...message, attempt: attempt + 1, notBefore: next }]);
  await note(message, outcome, delivered ? 'delivered' : next === undefined ? 'failed' : 'retrying', next);

  if (delivered) return noteSuccess(tenantId, webhookId);
  if (outcome.status === 410) return switchOff(tenantId, webhookId, 'gone');
  await noteFailure(tenantId, webhookId);
}

async function send(url: string, secret: string, event: DeliveryMessage['event']): Promise<Outcome> {
  const body = JSON.stringify({ type: event.type, timestamp: event.timestamp, data: event.data });
  const timestamp = Math.floor(now().getTime() / 1_000);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Tandem-Webhooks/1',
    'webhook-id': event.id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signDelivery(secret, event.id, timestamp, body),
  };
  try {
    const { status, retryAfterMillis } = await post(url, headers, body, limits);
    return { status, retryAfterMillis, final: status === 410 };
  } catch (error) {
    if (error instanceof AddressRefused) return { error: 'address_refused', final: true };
    return { error: nameOfFailure(error) };
  }
}

async function note(
  { tenantId, webhookId, event, attempt }: DeliveryMessage,
  { status, error }: Outcome,
  state: Delivery['state'],
  next: number | undefined,
): Promise<void> {
  const delivery: Delivery = {
    id: event.id,
    type: event.type,
    at: event.timestamp,
    state,
    attempts: attempt,
    lastAttemptAt: now().toISOString(),
    lastStatus: status ?? null,
    lastError: error ?? null,
    nextAttemptAt: next === undefined ? null : new Date(next).toISOString(),
  };
  await putItem('views', {
    ...deliveryKey(tenantId, webhookId, event),
    ...delivery,
    ttl: Math.floor(now().getTime() / 1_000) + keptDays * 86_400,
  });
}
