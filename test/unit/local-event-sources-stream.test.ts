import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type EventStack, queueArn, startEventStack, until } from '../support/local-events.ts';
import { fakeLambda } from '../support/local-front.ts';

interface Change {
  eventID: string;
  eventName: string;
  eventSourceARN: string;
  awsRegion: string;
  dynamodb: {
    SequenceNumber: string;
    Keys: { pk: { S: string } };
    NewImage: { pk: { S: string }; n: { N: string } };
  };
}
type Batch = { Records: Change[] };

const textOf = ({ dynamodb: { NewImage } }: Change) => `${NewImage.pk.S}${NewImage.n.N}`;

let stack: EventStack;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  process.env.TANDEM_LOCAL_RETRY_SECONDS = '0.1';
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
/** A table, and a consumer of its stream that can be started and stopped. */
async function consumed(handler: (event: Batch) => unknown, properties: object = {}) {
  number += 1;
  const table = `table-${number}`;
  const EventSourceArn = await stack.table(table);
  const lambda = fakeLambda({ subject: handler as never });
  const mapping = { EventSourceArn, StartingPosition: 'TRIM_HORIZON', ...properties };
  return {
    arn: EventSourceArn,
    put: (pk: string, value: number) => stack.put(table, pk, value),
    async start() {
      const { service, stop } = await stack.consume(lambda, mapping, table);
      stops.push(stop);
      return { service, stop };
    },
  };
}

test('a change reaches its function within 100 ms of an idle stream, in Lambda’s shape', async () => {
  const seen: { record: Change; at: number }[] = [];
  const { put, start, arn } = await consumed(({ Records }) => {
    for (const record of Records) seen.push({ record, at: performance.now() });
  });
  await start();
  // The quickest of some: a busy machine is late now and then.
  const latencies: number[] = [];
  while (latencies.length < 20 && !latencies.some((millis) => millis < 150)) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const writtenAt = performance.now();
    await put('a', latencies.length + 1);
    await until(() => seen.length > latencies.length, 'the change arrives');
    latencies.push((seen.at(-1)?.at ?? 0) - writtenAt);
  }

  expect(Math.min(...latencies)).toBeLessThan(150);
  expect(seen[0]?.record).toMatchObject({
    eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
    eventName: 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    eventSourceARN: arn,
    dynamodb: {
      Keys: { pk: { S: 'a' } },
      NewImage: { pk: { S: 'a' }, n: { N: '1' } },
      SequenceNumber: expect.any(String),
      StreamViewType: 'NEW_AND_OLD_IMAGES',
      ApproximateCreationDateTime: expect.any(Number),
    },
  });
});

test('waking it makes the change arrive without waiting for the poll', async () => {
  let arrived = 0;
  const { put, start } = await consumed(() => {
    arrived = performance.now();
  });
  const { service } = await start();
  const latencies: number[] = [];
  while (latencies.length < 20 && !latencies.some((millis) => millis < 50)) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    await put('a', latencies.length + 1);
    const writtenAt = performance.now();
    arrived = 0;
    service.wake();
    await until(() => arrived > 0, 'the change arrives');
    latencies.push(arrived - writtenAt);
  }

  expect(Math.min(...latencies)).toBeLessThan(50);
});

test('changes that keep coming are taken together, and none is left out', async () => {
  const batches: string[][] = [];
  const { put, start } = await consumed(({ Records }) => void batches.push(Records.map(textOf)));
  await start();
  const count = 200;
  for (let value = 0; value < count; value += 1) await put('a', value);
  await until(() => batches.flat().length >= count, 'all changes');

  expect(batches.flat()).toEqual(Array.from({ length: count }, (_, value) => `a${value}`));
  expect(batches.length).toBeLessThan(count / 2);
});

describe('the position', () => {
  test('is kept when a batch has succeeded: a new start goes on after it', async () => {
    const seen: string[] = [];
    const { put, start } = await consumed(({ Records }) => void seen.push(...Records.map(textOf)));
    await put('a', 1);
    const first = await start();
    await until(() => seen.length === 1, 'the first change');
    await first.stop();
    await put('a', 2);
    await start();
    await until(() => seen.length >= 2, 'the second change');

    expect(seen).toEqual(['a1', 'a2']);
  });

  test('is not kept before that: what was in work comes again', async () => {
    const seen: string[] = [];
    let failing = true;
    const { put, start } = await consumed(({ Records }) => {
      seen.push(...Records.map(textOf));
      if (failing) throw new Error('not yet');
    });
    await put('a', 1);
    const first = await start();
    await until(() => seen.length >= 1, 'the first try');
    await first.stop();
    failing = false;
    const before = seen.length;
    await start();
    await until(() => seen.length > before, 'the change comes again');

    expect(seen.at(-1)).toBe('a1');
  });

  test('LATEST leaves out what was there before the mapping, but nothing from a stop in between', async () => {
    const seen: string[] = [];
    const { put, start } = await consumed(({ Records }) => void seen.push(...Records.map(textOf)), {
      StartingPosition: 'LATEST',
    });
    await put('old', 1);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const first = await start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await first.stop();
    await put('between', 2);
    await start();
    await until(() => seen.length >= 1, 'the change arrives');

    expect(seen).toEqual(['between2']);
  });
});

test('with several lanes the changes of one item stay in order and others run beside it', async () => {
  const byItem = new Map<string, number[]>();
  let running = 0;
  let most = 0;
  const { put, start } = await consumed(
    async ({ Records }) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      for (const { dynamodb } of Records) {
        const item = dynamodb.NewImage.pk.S;
        byItem.set(item, [...(byItem.get(item) ?? []), Number(dynamodb.NewImage.n.N)]);
      }
      running -= 1;
    },
    { ParallelizationFactor: 4, BatchSize: 3 },
  );
  for (let n = 0; n < 8; n += 1) {
    for (const item of ['a', 'b', 'c', 'd', 'e', 'f']) await put(item, n);
  }
  await start();
  await until(() => [...byItem.values()].flat().length === 48, 'all changes');

  for (const changes of byItem.values()) expect(changes).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBeGreaterThan(1);
});

describe('a poison record', () => {
  test('is halved out, left to the failure queue with its position, and the shard goes on', async () => {
    const failures = await stack.queue('stream-failures');
    const done: string[] = [];
    let sequence = '';
    const { put, start, arn } = await consumed(
      ({ Records }) => {
        const poison = Records.find((record) => textOf(record) === 'poison5');
        if (poison) sequence = poison.dynamodb.SequenceNumber;
        if (poison) throw new Error('cannot');
        done.push(...Records.map(textOf));
      },
      {
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 2,
        DestinationConfig: { OnFailure: { Destination: queueArn('stream-failures') } },
      },
    );
    for (let n = 0; n < 10; n += 1) await put(n === 5 ? 'poison' : 'item', n);
    await start();
    await until(() => done.length === 9, 'the others pass');
    await until(async () => (await stack.messages(failures)).length === 1, 'the position is in the queue');

    expect(done).not.toContain('poison5');
    const [document = ''] = await stack.messages(failures);
    expect(JSON.parse(document)).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', functionArn: 'subject' },
      responseContext: { statusCode: 200, functionError: 'Unhandled' },
      DDBStreamBatchInfo: {
        startSequenceNumber: sequence,
        endSequenceNumber: sequence,
        batchSize: 1,
        streamArn: arn,
      },
    });
    await put('item', 11);
    await until(() => done.includes('item11'), 'the shard goes on');
  });

  test('reported by the function, the records before it are not repeated', async () => {
    const calls: string[][] = [];
    let healed = false;
    const { put, start } = await consumed(
      ({ Records }) => {
        calls.push(Records.map(textOf));
        const bad = Records.find((record) => textOf(record) === 'item2' && !healed);
        if (bad && calls.length >= 2) healed = true;
        return { batchItemFailures: bad ? [{ itemIdentifier: bad.dynamodb.SequenceNumber }] : [] };
      },
      { FunctionResponseTypes: ['ReportBatchItemFailures'] },
    );
    for (let n = 0; n < 4; n += 1) await put('item', n);
    await start();
    await until(() => calls.length === 3, 'three calls');

    expect(calls).toEqual([
      ['item0', 'item1', 'item2', 'item3'],
      ['item2', 'item3'],
      ['item2', 'item3'],
    ]);
  });

  test('without a failure queue and without halving, the whole batch is given up after its retries', async () => {
    let calls = 0;
    const later: string[] = [];
    const { put, start } = await consumed(
      ({ Records }) => {
        if (Records.some((record) => textOf(record) === 'poison0')) {
          calls += 1;
          throw new Error('cannot');
        }
        later.push(...Records.map(textOf));
      },
      { MaximumRetryAttempts: 1 },
    );
    await put('poison', 0);
    await put('beside', 1);
    await start();
    await until(() => calls === 2, 'two tries');
    await put('item', 2);
    await until(() => later.length > 0, 'the shard goes on');

    expect(later).toEqual(['item2']);
    expect(stack.lines.join('\n')).toContain('2 record(s)');
  });
});

test('a filter drops records without a call and moves the position on', async () => {
  const seen: string[] = [];
  const { put, start } = await consumed(({ Records }) => void seen.push(...Records.map(textOf)), {
    FilterCriteria: {
      Filters: [
        { Pattern: JSON.stringify({ eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: ['b'] } } } }) },
      ],
    },
  });
  for (const [item, n] of [
    ['a', 1],
    ['b', 2],
    ['b', 3],
    ['a', 4],
  ] as const) {
    await put(item, n);
  }
  await start();
  await until(() => seen.length > 0, 'the change arrives');

  expect(seen).toEqual(['b2']);
});

test('the age of the newest record of each batch is measured', () => {
  const ages = stack.measured.filter(({ name }) => name === 'IteratorAge');
  expect(ages.length).toBeGreaterThan(0);
  expect(ages[0]).toMatchObject({ namespace: 'AWS/Lambda', dimensions: { FunctionName: 'subject' } });
  expect(ages.every(({ value }) => value >= 0 && value < 60_000)).toBe(true);
});
