import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { log } from '../shared/logger.ts';
import { mapConcurrently } from '../shared/map-concurrently.ts';
import { retryMessageSoon, showAgainAfter } from './message-retry.ts';
import { parseMessage } from './parse-message.ts';
import { runTask } from './run-task.ts';

/**
 * Messages at work at once in one sandbox: a whole batch, so that none waits for the slow receiver of another.
 * Calls and imports wait for others most of the time.
 */
const concurrency = 10;

/** Runs the tasks that the queue names; a message that cannot be handled ends in the dead-letter queue. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const failed = await mapConcurrently(event.Records, concurrency, (record) => handle(record, context));
  return {
    batchItemFailures: failed.filter((id) => id !== undefined).map((itemIdentifier) => ({ itemIdentifier })),
  };
}

async function handle(record: SQSRecord, context: Context): Promise<string | undefined> {
  try {
    await runTask(parseMessage(record.body), {
      requestId: context.awsRequestId,
      remainingMillis: () => context.getRemainingTimeInMillis(),
      receives: Number(record.attributes.ApproximateReceiveCount),
      showAgainAt: (millis) => showAgainAfter(record, (millis - Date.now()) / 1_000),
    });
    return undefined;
  } catch (error) {
    log().error('message failed', { messageId: record.messageId, error: error as Error });
    await retryMessageSoon(record);
    return record.messageId;
  }
}
