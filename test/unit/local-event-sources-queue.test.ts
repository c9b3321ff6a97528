import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { AwsError } from '../../local/types.ts';
import { type EventStack, queueArn, startEventStack, until } from '../support/local-events.ts';
import { fakeLambda } from '../support/local-front.ts';

interface QueueRecord {
  messageId: string;
  body: string;
  attributes: { ApproximateReceiveCount: string };
}
type Batch = { Records: QueueRecord[] };

let stack: EventStack;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  process.env.TANDEM_LOCAL_RETRY_SECONDS = '0';
  stack = await startEventStack();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  delete process.env.TANDEM_LOCAL_RETRY_SECONDS;
  await stack.stop();
});

let number = 0;
/** A queue whose messages move to a dead-letter queue after three receives, and its consumer. */
async function consume(handler: (event: Batch) => unknown, properties: object = {}) {
  number += 1;
  const name = `work-${number}`;
  const deadUrl = await stack.queue(`${name}-dead`);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn(`${name}-dead`), maxReceiveCount: 3 });
  const url = await stack.queue(name, { VisibilityTimeout: '30', RedrivePolicy });
  const send = (MessageBody: string, extra: object = {}) =>
    stack.aws.call('sqs', 'SendMessage', { QueueUrl: url, MessageBody, ...extra });
  const start = async () => {
    const mapping = { EventSourceArn: queueArn(name), ...properties };
    stops.push((await stack.consume(fakeLambda({ subject: handler as never }), mapping)).stop);
  };
  const left = async () => {
    const { Attributes } = await stack.aws.call('sqs', 'GetQueueAttributes', {
      QueueUrl: url,
      AttributeNames: ['All'],
    });
    const counts = Attributes as Record<string, string>;
    return Number(counts.ApproximateNumberOfMessages) + Number(counts.ApproximateNumberOfMessagesNotVisible);
  };
  return { url, deadUrl, send, start, left, arn: queueArn(name) };
}

test('the event has the shape of Lambda’s, and what succeeded is deleted', async () => {
  const events: Batch[] = [];
  const { send, start, left, arn } = await consume((event) => {
    events.push(event);
  });
  await send('{"a":1}', {
    MessageAttributes: { kind: { DataType: 'String', StringValue: 'x' } },
  });
  await start();
  await until(() => events.length === 1, 'the message arrives');

  expect(events[0]?.Records).toEqual([
    {
      messageId: expect.any(String),
      receiptHandle: expect.any(String),
      body: '{"a":1}',
      attributes: expect.objectContaining({
        ApproximateReceiveCount: '1',
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
      }),
      messageAttributes: {
        kind: { stringValue: 'x', stringListValues: [], binaryListValues: [], dataType: 'String' },
      },
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: 'aws:sqs',
      eventSourceARN: arn,
      awsRegion: 'us-east-1',
    },
  ]);
  await until(async () => (await left()) === 0, 'the message is deleted');
});

describe('a message that keeps failing reaches the dead-letter queue, the others do not', () => {
  test('when the function reports it', async () => {
    const good: string[] = [];
    const counts: string[] = [];
    const { send, start, deadUrl, left } = await consume(
      ({ Records }) => {
        const bad = Records.filter(({ body }) => body === 'poison');
        counts.push(...bad.map(({ attributes }) => attributes.ApproximateReceiveCount));
        good.push(...Records.filter((record) => !bad.includes(record)).map(({ body }) => body));
        return { batchItemFailures: bad.map(({ messageId }) => ({ itemIdentifier: messageId })) };
      },
      { FunctionResponseTypes: ['ReportBatchItemFailures'] },
    );
    for (const body of ['one', 'poison', 'two']) await send(body);
    await start();

    await until(async () => (await stack.messages(deadUrl)).length === 1, 'the poison is dead');
    await until(async () => (await left()) === 0, 'the queue is empty');
    expect(await stack.messages(deadUrl)).toEqual(['poison']);
    expect(good.sort()).toEqual(['one', 'two']);
    expect(counts).toEqual(['1', '2', '3']);
  });

  test('when the function throws, its whole batch does', async () => {
    const { send, start, deadUrl } = await consume(() => {
      throw new Error('no');
    });
    for (const body of ['one', 'two']) await send(body);
    await start();

    await until(async () => (await stack.messages(deadUrl)).length === 2, 'both are dead');
  });
});

test.each([
  ['an id that is not in the batch', { batchItemFailures: [{ itemIdentifier: 'other' }] }],
  ['an empty id', { batchItemFailures: [{ itemIdentifier: '' }] }],
  ['no id', { batchItemFailures: [{}] }],
  ['no list', { batchItemFailures: 'all' }],
  ['no object', 'done'],
])('%s fails the whole batch', async (_what, answer) => {
  let calls = 0;
  const { send, start, deadUrl } = await consume(
    () => {
      calls += 1;
      return answer;
    },
    { FunctionResponseTypes: ['ReportBatchItemFailures'] },
  );
  await send('one');
  await start();

  await until(async () => (await stack.messages(deadUrl)).length === 1, 'the message is dead');
  expect(calls).toBe(3);
});

test.each([
  ['nothing', undefined],
  ['an empty list', { batchItemFailures: [] }],
  ['null', { batchItemFailures: null }],
])('%s passes the whole batch', async (_what, answer) => {
  const { send, start, left } = await consume(() => answer, {
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
  await send('one');
  await start();

  await until(async () => (await left()) === 0, 'the queue is empty');
});

test('no more batches are in work than MaximumConcurrency, and no more messages in one than BatchSize', async () => {
  let running = 0;
  let most = 0;
  let largest = 0;
  let done = 0;
  const { send, start } = await consume(
    async ({ Records }) => {
      running += 1;
      most = Math.max(most, running);
      largest = Math.max(largest, Records.length);
      await new Promise((resolve) => setTimeout(resolve, 60));
      running -= 1;
      done += Records.length;
    },
    { BatchSize: 2, ScalingConfig: { MaximumConcurrency: 2 } },
  );
  for (let i = 0; i < 12; i += 1) await send(String(i));
  await start();
  await until(() => done === 12, 'all are done');

  expect([most, largest]).toEqual([2, 2]);
});

test('a batching window gathers what comes within it', async () => {
  const sizes: number[] = [];
  const { send, start } = await consume(({ Records }) => void sizes.push(Records.length), {
    BatchSize: 20,
    MaximumBatchingWindowInSeconds: 1,
  });
  await start();
  for (let i = 0; i < 15; i += 1) await send(String(i));
  await until(() => sizes.reduce((a, b) => a + b, 0) === 15, 'all arrive');

  expect(Math.max(...sizes)).toBeGreaterThan(10);
});

test('a filter keeps messages from the function and deletes them', async () => {
  const bodies: string[] = [];
  const { send, start, left } = await consume(
    ({ Records }) => void bodies.push(...Records.map(({ body }) => body)),
    {
      FilterCriteria: {
        Filters: [{ Pattern: '{"body":{"kind":[{"prefix":"task"}],"n":[{"numeric":[">",1]}]}}' }],
      },
    },
  );
  for (const body of [
    '{"kind":"task.a","n":2}',
    '{"kind":"task.a","n":1}',
    '{"kind":"other","n":5}',
    'no json',
  ]) {
    await send(body);
  }
  await start();
  await until(async () => (await left()) === 0, 'the queue is empty');

  expect(bodies).toEqual(['{"kind":"task.a","n":2}']);
});

test('a throttled function gets its messages later', async () => {
  let calls = 0;
  const { send, start, left } = await consume(() => {
    calls += 1;
    if (calls === 1) throw new AwsError('TooManyRequestsException', 'busy', 429);
  });
  await send('one');
  await start();

  await until(async () => (await left()) === 0, 'the queue is empty');
  expect(calls).toBe(2);
});

describe('a mapping that the cloud would refuse fails the start', () => {
  test('a visibility timeout below the function’s', async () => {
    await stack.queue('hasty', { VisibilityTimeout: '4' });
    const started = stack.consume(fakeLambda({}), { EventSourceArn: queueArn('hasty') });
    await expect(started).rejects.toThrow(
      'Queue visibility timeout: 4 seconds is less than Function timeout: 5 seconds',
    );
  });

  test.each([
    [{ EventSourceArn: 'arn:aws:kinesis:us-east-1:1:stream/x' }, 'is neither an SQS queue nor'],
    [{ EventSourceArn: queueArn('a.fifo') }, 'FIFO queues have no local event source'],
    [{ EventSourceArn: queueArn('a'), BatchSize: 50 }, 'needs a MaximumBatchingWindowInSeconds'],
    [{ EventSourceArn: queueArn('a'), BatchSize: 0 }, 'BatchSize'],
    [{ EventSourceArn: queueArn('a'), StartingPosition: 'LATEST' }, 'StartingPosition'],
    [{ EventSourceArn: queueArn('a'), FilterCriteria: { Filters: [{ Pattern: '{' }] } }, 'JSON'],
    [
      { EventSourceArn: queueArn('a'), FilterCriteria: { Filters: [{ Pattern: '{"a":[{"like":"x"}]}' }] } },
      'unknown filter operator "like"',
    ],
  ])('%j', async (properties, message) => {
    await expect(stack.consume(fakeLambda({}), properties)).rejects.toThrow(message);
  });
});
