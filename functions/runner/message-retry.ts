import type { SQSRecord } from 'aws-lambda';
import { awsJson } from '../shared/aws/json-call.ts';
import { log } from '../shared/logger.ts';
import { runnerQueueUrl } from '../tasks/push/runner-queue.ts';

/**
 * Shortens the wait of a failed message. The queue's visibility timeout is there for sandboxes that die, six
 * times the function's limit; a failure that was seen may be tried again after 2, 4, 8 … 300 s.
 */
export async function retryMessageSoon(record: SQSRecord): Promise<void> {
  const received = Number(record.attributes.ApproximateReceiveCount);
  await showAgainAfter(record, Math.min(300, 2 ** Math.max(1, received)));
}

/** Makes a message visible again after some seconds from now, unless it has been deleted by then. */
export async function showAgainAfter(record: SQSRecord, seconds: number): Promise<void> {
  try {
    await awsJson('sqs', 'ChangeMessageVisibility', {
      QueueUrl: queueUrlOf(record),
      ReceiptHandle: record.receiptHandle,
      VisibilityTimeout: Math.ceil(seconds),
    });
  } catch (error) {
    // It comes back by itself, only later.
    log().warn('visibility not changed', { messageId: record.messageId, error: error as Error });
  }
}

function queueUrlOf({ eventSourceARN }: SQSRecord): string {
  const name = eventSourceARN.split(':').at(-1);
  const url = [0, 1, -1].map(runnerQueueUrl).find((one) => one.endsWith(`/${name}`));
  if (url === undefined) throw new Error(`not a queue of the runner: ${eventSourceARN}`);
  return url;
}
