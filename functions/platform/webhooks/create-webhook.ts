import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { queryPage } from '../../shared/dynamo/table.ts';
import { newId } from '../../shared/ids.ts';
import { seal } from '../../shared/outgoing/sealed-secret.ts';
import { newSigningSecret } from '../../shared/outgoing/signing.ts';
import { Problem } from '../../shared/problem.ts';
import type { WritePlan } from '../../shared/write-plan.ts';
import { auditWrite } from '../audit/audit-write.ts';
import type { CreatedWebhook, Webhook, WebhookInput } from './webhook.ts';
import { webhookKey } from './webhook-items.ts';

/** Every change of a tenant is compared with all of its webhooks. */
const maxWebhooks = 50;

/** A new webhook with a secret of its own. @throws {Problem} `conflict` when the tenant has 50 */
export async function planCreateWebhook(
  input: WebhookInput,
  actor: Actor,
): Promise<WritePlan<CreatedWebhook>> {
  const { tenantId, subject } = actor.caller;
  await requireRoom(tenantId);
  const at = now();
  const id = newId('hook', at.getTime());
  const secret = newSigningSecret();
  const webhook: Webhook = {
    id,
    url: input.url,
    events: input.events,
    description: input.description ?? null,
    disabledAt: null,
    disabledReason: null,
    version: 1,
    createdAt: at.toISOString(),
    updatedAt: at.toISOString(),
    createdBy: subject,
    updatedBy: subject,
  };
  const { disabledAt: _at, disabledReason: _reason, ...stored } = webhook;
  const item = {
    ...webhookKey(tenantId, id),
    ...stored,
    secret: await seal(secret, `${tenantId}#${id}`),
    requestId: actor.requestId,
  };
  return {
    result: { ...webhook, secret },
    writes: [
      { write: { kind: 'put', table: 'platform', item, condition: { text: 'attribute_not_exists(pk)' } } },
      auditWrite(actor, {
        action: 'created',
        entity: 'webhook',
        id,
        details: { url: webhook.url, events: webhook.events },
      }),
    ],
  };
}

async function requireRoom(tenantId: string): Promise<void> {
  const { items } = await queryPage({
    table: 'platform',
    key: { text: 'pk = :pk', values: { ':pk': webhookKey(tenantId, '').pk } },
    limit: maxWebhooks,
    project: ['sk'],
  });
  if (items.length < maxWebhooks) return;
  throw new Problem(
    'conflict',
    `There are ${maxWebhooks} webhooks already, which is the limit; delete one first`,
  );
}
