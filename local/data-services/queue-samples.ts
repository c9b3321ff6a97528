import type { QueueSample } from '../cloudwatch/queue-metrics.ts';
import type { AwsClient } from '../types.ts';
import type { Fauxqs } from './fauxqs.ts';

/**
 * How full each queue is, for CloudWatch.
 * @param fauxqs knows the age of the oldest message, which the API of SQS does not tell
 */
export function sampleQueues(
  aws: AwsClient,
  queues: { names(): string[]; urlOf(name: string): string },
  fauxqs?: Fauxqs,
): Promise<QueueSample[]> {
  return Promise.all(
    queues.names().map(async (queueName): Promise<QueueSample> => {
      const { Attributes } = await aws.call('sqs', 'GetQueueAttributes', {
        QueueUrl: queues.urlOf(queueName),
        AttributeNames: ['All'],
      });
      const count = (name: string) =>
        Number((Attributes as Record<string, string>)[`ApproximateNumberOfMessages${name}`] ?? 0);
      return {
        queueName,
        visible: count(''),
        notVisible: count('NotVisible'),
        delayed: count('Delayed'),
        oldestMessageAgeSeconds: fauxqs?.oldestMessageAge(queueName),
      };
    }),
  );
}
