import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMessageMoveTasks } from '../../local/aws-endpoint/message-move-tasks.ts';
import { createAwsClient } from '../../local/data-services/aws-client.ts';
import { type Backends, startBackends } from '../../local/data-services/backends.ts';
import { closeIdleConnections } from '../../local/data-services/http-call.ts';
import { FairLine } from '../../local/fair-queues/fair-line.ts';
import type { AwsClient } from '../../local/types.ts';
import { eventually } from '../system/support/api.ts';

let directory: string;
let backends: Backends;
let aws: AwsClient;

const start = async (): Promise<void> => {
  backends = await startBackends(directory, 'us-east-1', {}, () => {});
  aws = createAwsClient(backends, 'us-east-1');
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-fair-'));
  await start();
});

afterAll(async () => {
  await backends.stop();
  closeIdleConnections();
  rmSync(directory, { recursive: true });
});

const urlOf = (name: string) => `http://localhost/000000000000/${name}`;
const sqs = (operation: string, queue: string, input: object = {}) =>
  aws.call('sqs', operation, { QueueUrl: urlOf(queue), ...input });
const create = (QueueName: string, Attributes: Record<string, string> = {}) =>
  aws.call('sqs', 'CreateQueue', { QueueName, Attributes: { VisibilityTimeout: '600', ...Attributes } });
const send = (queue: string, MessageBody: string, MessageGroupId?: string) =>
  sqs('SendMessage', queue, { MessageBody, MessageGroupId });

interface Message {
  Body: string;
  ReceiptHandle: string;
  Attributes?: Record<string, string>;
}

const receive = async (queue: string, count = 1, more: object = {}): Promise<Message[]> => {
  const answer = await sqs('ReceiveMessage', queue, {
    MaxNumberOfMessages: count,
    MessageSystemAttributeNames: ['All'],
    ...more,
  });
  return (answer.Messages ?? []) as Message[];
};
const bodies = (messages: Message[]) => messages.map(({ Body }) => Body);
const remove = (queue: string, { ReceiptHandle }: Message) => sqs('DeleteMessage', queue, { ReceiptHandle });

describe('a standard queue with message groups', () => {
  test('serves the quiet group before the busy one that came first', async () => {
    await create('fair');
    for (let at = 0; at < 8; at += 1) await send('fair', `busy ${at}`, 'busy');
    expect(bodies(await receive('fair', 4))).toEqual(['busy 0', 'busy 1', 'busy 2', 'busy 3']);
    for (let at = 0; at < 3; at += 1) await send('fair', `quiet ${at}`, 'quiet');
    expect(bodies(await receive('fair', 5))).toEqual(['quiet 0', 'quiet 1', 'quiet 2', 'busy 4', 'busy 5']);
  });

  test('gives groups alike their turns, and the oldest of each first', async () => {
    await create('turns');
    for (const group of ['a', 'b', 'c']) {
      for (const at of [1, 2]) await send('turns', `${group}${at}`, group);
    }
    expect(bodies(await receive('turns', 6))).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
  });

  test('counts a group less when its messages are deleted', async () => {
    await create('counted');
    for (const body of ['a1', 'a2', 'a3']) await send('counted', body, 'a');
    const first = await receive('counted', 2);
    for (const body of ['b1', 'b2', 'b3']) await send('counted', body, 'b');
    expect(bodies(await receive('counted', 1))).toEqual(['b1']);
    for (const message of first) await remove('counted', message);
    expect(bodies(await receive('counted', 1))).toEqual(['a3']);
  });

  test('tells the group of a message, however it was sent', async () => {
    await create('told');
    await sqs('SendMessageBatch', 'told', {
      Entries: [
        { Id: '1', MessageBody: 'same', MessageGroupId: 'a' },
        { Id: '2', MessageBody: 'same', MessageGroupId: 'b' },
        { Id: '3', MessageBody: 'alone' },
      ],
    });
    const received = await receive('told', 10);
    expect(received.map(({ Body, Attributes }) => [Body, Attributes?.MessageGroupId])).toEqual([
      ['same', 'a'],
      ['same', 'b'],
      ['alone', undefined],
    ]);
  });

  test('waits for a delayed message and shows it in its turn', async () => {
    await create('delayed');
    await sqs('SendMessage', 'delayed', { MessageBody: 'late', MessageGroupId: 'a', DelaySeconds: 1 });
    expect(await receive('delayed')).toEqual([]);
    const [late] = await receive('delayed', 1, { WaitTimeSeconds: 10 });
    expect(late?.Attributes?.MessageGroupId).toBe('a');
  });

  test('tells its depth, and is empty once it is purged', async () => {
    await create('purged');
    for (let at = 0; at < 5; at += 1) await send('purged', `${at}`, `${at % 2}`);
    await receive('purged', 2);
    const depth = async () =>
      (await sqs('GetQueueAttributes', 'purged', { AttributeNames: ['All'] })).Attributes as object;
    expect(await depth()).toMatchObject({
      ApproximateNumberOfMessages: '3',
      ApproximateNumberOfMessagesNotVisible: '2',
    });
    await sqs('PurgeQueue', 'purged');
    expect(await depth()).toMatchObject({ ApproximateNumberOfMessages: '0' });
    await send('purged', 'after', 'x');
    expect(bodies(await receive('purged', 5))).toEqual(['after']);
  });
});

describe('the group of a message', () => {
  test('goes with it to the dead-letter queue and back', async () => {
    await create('dead');
    const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:dead';
    await create('source', { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 }) });
    await send('source', 'poison', 'tenant');
    const [first] = await receive('source');
    await sqs('ChangeMessageVisibility', 'source', {
      ReceiptHandle: first?.ReceiptHandle,
      VisibilityTimeout: 0,
    });
    expect(await receive('source')).toEqual([]);
    const tasks = createMessageMoveTasks(aws, urlOf);
    await tasks.call('StartMessageMoveTask', { SourceArn: deadLetterTargetArn });
    const [back] = await eventually(
      () => receive('source'),
      (messages) => messages.length > 0,
    );
    expect(back).toMatchObject({ Body: 'poison', Attributes: { MessageGroupId: 'tenant' } });
  });

  test('survives a restart, after which what a former process had received is there again', async () => {
    await create('kept');
    for (const [body, group] of [
      ['a1', 'a'],
      ['a2', 'a'],
      ['b1', 'b'],
    ] as const)
      await send('kept', body, group);
    expect(bodies(await receive('kept', 2))).toEqual(['a1', 'b1']);
    await backends.stop();
    await start();
    const received = await receive('kept', 3);
    expect(bodies(received).sort()).toEqual(['a1', 'a2', 'b1']);
    expect(received.map(({ Body, Attributes }) => Body[0] === Attributes?.MessageGroupId)).toEqual([
      true,
      true,
      true,
    ]);
    expect(received.find(({ Body }) => Body === 'a1')?.Attributes?.ApproximateReceiveCount).toBe('2');
  });
});

test('a line gives back all that was put in, whatever was taken in between', () => {
  const line = new FairLine<{ messageGroupId?: string; body: number }>();
  const taken: number[] = [];
  for (let body = 0; body < 500; body += 1) {
    line.push({ messageGroupId: body % 7 === 0 ? undefined : `group ${body % 5}`, body });
    if (body % 3 === 0) taken.push(line.shift()?.body ?? -1);
  }
  expect(line.length).toBe(500 - taken.length);
  expect([...line]).toHaveLength(line.length);
  while (line.length > 0) taken.push(line.shift()?.body ?? -1);
  expect(line.shift()).toBeUndefined();
  expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, body) => body));
});
