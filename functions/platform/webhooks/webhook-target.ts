import { instant, now } from '../../shared/clock.ts';
import { ConditionFailed, type Expression, getItem, updateItem } from '../../shared/dynamo/table.ts';
import { type SealedSecret, unseal } from '../../shared/outgoing/sealed-secret.ts';
import { shortCache } from '../../shared/short-cache.ts';
import { givenUpAfterMillis } from './retry-schedule.ts';
import type { Webhook, WebhookTarget } from './webhook.ts';
import { webhookKey } from './webhook-items.ts';

/** A webhook with its secret in the open. */
type OpenTarget = WebhookTarget & { secret: string };

const targets = shortCache<OpenTarget>(
  async (key) => {
    const [tenantId = '', id = ''] = key.split('#');
    const item = await getItem('platform', webhookKey(tenantId, id));
    if (!item) return undefined;
    return { ...(item as unknown as WebhookTarget), secret: await unseal(item.secret as SealedSecret, key) };
  },
  { seconds: 30 },
);

/** Where a webhook's deliveries go, at most 30 s old; undefined when it was deleted. */
export function findTarget(tenantId: string, id: string): Promise<OpenTarget | undefined> {
  return targets(`${tenantId}#${id}`);
}

/**
 * Ends a time of failure, if there is one. The item decides: what this process remembers of it may be older than
 * the failure, and a success that is not noted would leave three days to end with the next failure.
 */
export async function noteSuccess(tenantId: string, id: string): Promise<void> {
  await change(tenantId, id, { text: 'REMOVE failingSince' }, 'attribute_exists(failingSince)');
}

/** Begins a time of failure, or switches the webhook off when it has lasted three days. */
export async function noteFailure(tenantId: string, id: string): Promise<void> {
  const item = await change(tenantId, id, {
    text: 'SET failingSince = if_not_exists(failingSince, :now)',
    values: { ':now': instant() },
  });
  const since = Date.parse(String(item?.failingSince));
  if (now().getTime() - since > givenUpAfterMillis) await switchOff(tenantId, id, 'failing');
}

/** Nothing more is sent there. */
export async function switchOff(
  tenantId: string,
  id: string,
  reason: NonNullable<Webhook['disabledReason']>,
): Promise<void> {
  const at = instant();
  await change(tenantId, id, {
    text: 'SET disabledAt = :at, disabledReason = :reason, updatedAt = :at, updatedBy = :system, #version = #version + :one',
    names: { '#version': 'version' },
    values: { ':at': at, ':reason': reason, ':system': 'system', ':one': 1 },
  });
}

/** Changes a webhook unless the condition does not hold: by default, unless it was deleted meanwhile. */
async function change(tenantId: string, id: string, update: Expression, condition = 'attribute_exists(pk)') {
  try {
    return await updateItem('platform', webhookKey(tenantId, id), update, { text: condition });
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}
