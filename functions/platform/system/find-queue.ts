import { awsJson } from '../../shared/aws/json-call.ts';
import { env } from '../../shared/environment.ts';
import { notFound, Problem } from '../../shared/problem.ts';

/** A queue of failures. */
export interface FailureQueue {
  name: string;
  url: string;
  /** Where its messages came from; absent for what is left of stream batches and clock ticks. */
  source?: { name: string; url: string };
}

/**
 * A dead-letter queue by its own name or by that of the queue whose messages end there.
 * @throws {Problem} `not_found`
 */
export function findFailureQueue(name: string): FailureQueue {
  for (const { deadLetter, ...queue } of env('QUEUE_NAMES')) {
    if (!deadLetter && queue.name === name) return { name, url: queue.url };
    if (deadLetter && (deadLetter.name === name || queue.name === name)) {
      return { name: deadLetter.name, url: deadLetter.url, source: { name: queue.name, url: queue.url } };
    }
  }
  throw notFound('queue', name);
}

/** One GetQueueAttributes. */
export async function arnOf(queueUrl: string): Promise<string> {
  const { Attributes } = await awsJson<{ Attributes?: { QueueArn?: string } }>('sqs', 'GetQueueAttributes', {
    QueueUrl: queueUrl,
    AttributeNames: ['QueueArn'],
  });
  if (!Attributes?.QueueArn) throw new Problem('unavailable', 'The queue does not tell its address');
  return Attributes.QueueArn;
}
