import { awsJson } from '../../shared/aws/json-call.ts';
import { now } from '../../shared/clock.ts';
import { env } from '../../shared/environment.ts';
import { readMetrics } from './cloudwatch.ts';
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

/** Every queue with its dead-letter queue: a call for the depth of each, and one for the ages of all. */
export async function listQueues(): Promise<Queues> {
  const [queues, ages] = await Promise.all([
    Promise.all(
      env('QUEUE_NAMES').map(async ({ name, url, deadLetter }) => {
        const [depth, dead] = await Promise.all([readDepth(url), deadLetter && readDepth(deadLetter.url)]);
        return { name, depth, deadLetter: deadLetter && dead && { name: deadLetter.name, depth: dead } };
      }),
    ),
    readAges(),
  ]);
  const ageOf = (name: string) => ages.get(name) ?? null;
  return {
    queues: queues.map(({ name, depth, deadLetter }) => ({
      name,
      ...depth,
      oldestSeconds: ageOf(name),
      deadLetter: deadLetter
        ? {
            name: deadLetter.name,
            waiting: deadLetter.depth.waiting,
            inFlight: deadLetter.depth.inFlight,
            oldestSeconds: ageOf(deadLetter.name),
          }
        : null,
    })),
  };
}

/** Queues tell CloudWatch the age of their oldest message once a minute, a little late. */
const lookBackSeconds = 5 * 60;

/** Seconds by the name of the queue. */
async function readAges(): Promise<Map<string, number>> {
  const queues = env('QUEUE_NAMES').flatMap(({ deadLetter, ...queue }) =>
    deadLetter ? [queue, deadLetter] : [queue],
  );
  const to = Math.ceil(now().getTime() / 60_000) * 60;
  const series = await readMetrics(
    queues.map(({ queueName }) => ({
      namespace: 'AWS/SQS',
      name: 'ApproximateAgeOfOldestMessage',
      dimensions: { QueueName: queueName },
      statistic: 'Maximum',
    })),
    { from: to - lookBackSeconds, to },
    60,
  );
  return new Map(
    queues.flatMap(({ name }, at) => {
      const newest = series[at]?.at(-1);
      return newest ? [[name, newest.value] as const] : [];
    }),
  );
}
