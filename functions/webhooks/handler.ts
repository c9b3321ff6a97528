import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { deliver } from '../platform/webhooks/deliver.ts';
import { deliveryMessage } from '../platform/webhooks/webhook-queue.ts';
import { log } from '../shared/logger.ts';

/** Delivers webhooks, all of a batch side by side; messages that fail for reasons of our own come again. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const results = await Promise.allSettled(event.Records.map(serve));
  const failed = event.Records.filter((_, index) => results[index]?.status === 'rejected');
  for (const result of results) {
    if (result.status === 'rejected')
      log().error('delivery not attempted', { error: result.reason as Error });
  }
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function serve({ body }: SQSRecord): Promise<void> {
  await deliver(deliveryMessage.parse(JSON.parse(body)));
}
