import { awsJson } from '../../shared/aws/json-call.ts';
import { env } from '../../shared/environment.ts';
import type { Queues } from './schemas.ts';

export interface QueueDepth {
  waiting: number;
  inFlight: number;
  delayed: number;
}

/** What is in a queue now; SQS calls its own numbers approximate. */
export async function readDepth(queueUrl: string, timeoutMillis?: number): Promise<QueueDepth> {
  const { Attributes = {} } = await awsJson<{ Attributes?: Record<string, string> }>(
    'sqs',
    'GetQueueAttributes',
    {
      QueueUrl: queueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    },
    timeoutMillis,
  );
  return {
    waiting: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
  };
}

/** Every queue with its dead-letter queue. */
export async function listQueues(): Promise<Queues> {
  const queues = await Promise.all(
    env('QUEUE_NAMES').map(async ({ name, url, deadLetter }) => {
      const [depth, dead] = await Promise.all([readDepth(url), deadLetter && readDepth(deadLetter.url)]);
      return {
        name,
        ...depth,
        deadLetter:
          deadLetter && dead
            ? { name: deadLetter.name, waiting: dead.waiting, inFlight: dead.inFlight }
            : null,
      };
    }),
  );
  return { queues };
}
