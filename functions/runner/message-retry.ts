import type { SQSRecord } from 'aws-lambda';
import { awsJson } from '../shared/aws/json-call.ts';
import { env } from '../shared/environment.ts';
import { log } from '../shared/logger.ts';

/**
 * Shortens the wait of a failed message. The queue's visibility timeout is there for sandboxes that die, six
 * times the function's limit; a failure that was seen may be tried again after 2, 4, 8, 16 s.
 */
export async function retryMessageSoon(record: SQSRecord): Promise<void> {
  const received = Number(record.attributes.ApproximateReceiveCount);
  const seconds = Math.min(300, 2 ** Math.max(1, received));
  try {
    await awsJson('sqs', 'ChangeMessageVisibility', {
      QueueUrl: env('QUEUE_RUNNER_URL'),
      ReceiptHandle: record.receiptHandle,
      VisibilityTimeout: seconds,
    });
  } catch (error) {
    // It comes back by itself, only later.
    log().warn('visibility not changed', { messageId: record.messageId, error: error as Error });
  }
}
