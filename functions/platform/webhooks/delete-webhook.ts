import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/problem.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { auditWrite } from '../audit/audit-write.ts';
import { webhookKey } from './webhook-items.ts';

/** Ends a webhook; what is on its way to it is dropped within 30 seconds. @throws {Problem} `not_found` */
export async function deleteWebhook(id: string, actor: Actor): Promise<void> {
  await carryOut([
    {
      write: {
        kind: 'delete',
        table: 'platform',
        key: webhookKey(actor.caller.tenantId, id),
        condition: { text: 'attribute_exists(pk)' },
      },
      refused: () => notFound('webhook', id),
    },
    auditWrite(actor, { action: 'deleted', entity: 'webhook', id }),
  ]);
}
