import type { Caller } from '../../shared/caller.ts';
import { ConditionFailed, deleteItem } from '../../shared/dynamo/table.ts';
import { notFound } from '../../shared/problem.ts';
import { webhookKey } from './webhook-items.ts';

/** Ends a webhook; what is on its way to it is dropped within 30 seconds. @throws {Problem} `not_found` */
export async function deleteWebhook(id: string, { tenantId }: Caller): Promise<void> {
  try {
    await deleteItem('platform', webhookKey(tenantId, id), { text: 'attribute_exists(pk)' });
  } catch (error) {
    throw error instanceof ConditionFailed ? notFound('webhook', id) : error;
  }
}
