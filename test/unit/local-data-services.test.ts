import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMessageMoveTasks } from '../../local/aws-endpoint/message-move-tasks.ts';
import { createAwsClient } from '../../local/data-services/aws-client.ts';
import { type Backends, startBackends } from '../../local/data-services/backends.ts';
import { sweepExpiredItems } from '../../local/data-services/expired-items.ts';
import { closeIdleConnections } from '../../local/data-services/http-call.ts';
import { dynamoDbProviders } from '../../local/resources/dynamodb.ts';
import { createQueueProviders } from '../../local/resources/sqs.ts';
import type { AwsClient, RuntimeContext } from '../../local/types.ts';
import { eventually } from '../system/support/api.ts';

let directory: string;
let backends: Backends;
let aws: AwsClient;
let context: RuntimeContext;
const lines: string[] = [];

const start = async (): Promise<void> => {
  backends = await startBackends(directory, 'us-east-1', {}, (line) => void lines.push(line));
  aws = createAwsClient(backends, 'us-east-1');
  const settings = { region: 'us-east-1', accountId: '000000000000', dataDir: directory };
  context = { aws, settings } as RuntimeContext;
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-services-'));
  await start();
});

afterAll(async () => {
  await backends.stop();
  closeIdleConnections();
  rmSync(directory, { recursive: true });
});

const string = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' });
const keys = (hash: string, range: string) => [
  { AttributeName: hash, KeyType: 'HASH' },
  { AttributeName: range, KeyType: 'RANGE' },
];
const index = (IndexName: string, hash: string, range: string) => ({
  IndexName,
  KeySchema: keys(hash, range),
  Projection: { ProjectionType: 'ALL' },
});

const makeTable = (TableName: string, properties: Record<string, unknown> = {}) =>
  dynamoDbProviders(context)['AWS::DynamoDB::Table']?.create({
    logicalId: 'Table',
    type: 'AWS::DynamoDB::Table',
    properties: {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keys('pk', 'sk'),
      AttributeDefinitions: ['pk', 'sk'].map(string),
      ...properties,
    },
  });

const put = (TableName: string, item: Record<string, object>) =>
  aws.call('dynamodb', 'PutItem', { TableName, Item: { pk: { S: 'a' }, sk: { S: '1' }, ...item } });

describe('tables', () => {
  test('a table gives its ARN and, with a stream, that one too', async () => {
    const created = await makeTable('streamed', {
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
    expect(created?.ref).toBe('streamed');
    expect(created?.attributes.Arn).toBe('arn:aws:dynamodb:us-east-1:000000000000:table/streamed');
    expect(created?.attributes.StreamArn).toMatch(/:table\/streamed\/stream\/.+/);
  });

  test('indexes follow the template, items stay', async () => {
    await makeTable('indexed', {
      AttributeDefinitions: ['pk', 'sk', 'one'].map(string),
      GlobalSecondaryIndexes: [index('gone', 'one', 'sk'), index('changed', 'one', 'pk')],
    });
    await put('indexed', { one: { S: 'x' }, two: { S: 'y' } });
    await makeTable('indexed', {
      AttributeDefinitions: ['pk', 'sk', 'one', 'two'].map(string),
      GlobalSecondaryIndexes: [index('changed', 'two', 'pk'), index('added', 'two', 'one')],
    });
    const { Table } = await aws.call('dynamodb', 'DescribeTable', { TableName: 'indexed' });
    const names = (Table as { GlobalSecondaryIndexes: { IndexName: string }[] }).GlobalSecondaryIndexes;
    expect(names.map(({ IndexName }) => IndexName).sort()).toEqual(['added', 'changed']);
    for (const IndexName of ['added', 'changed']) {
      const { Count } = await aws.call('dynamodb', 'Query', {
        TableName: 'indexed',
        IndexName,
        KeyConditionExpression: 'two = :y',
        ExpressionAttributeValues: { ':y': { S: 'y' } },
      });
      expect([IndexName, Count]).toEqual([IndexName, 1]);
    }
  });

  test('another key is refused with what to do', async () => {
    await makeTable('rekeyed');
    await expect(makeTable('rekeyed', { KeySchema: keys('sk', 'pk') }) as Promise<unknown>).rejects.toThrow(
      /^Table rekeyed: its key has changed since .*; start with another --data directory\.$/,
    );
  });

  test('an index on an undeclared attribute is refused by the engine', async () => {
    await expect(
      makeTable('undeclared', {
        GlobalSecondaryIndexes: [index('byOther', 'other', 'sk')],
      }) as Promise<unknown>,
    ).rejects.toThrow(/not defined in AttributeDefinitions|attribute/i);
  });

  test('items whose time is over are deleted, others are not', async () => {
    const database = backends.dynoxide?.databasePath ?? '';
    const expired = sweepExpiredItems(database, aws);
    await dynamoDbProviders(context, expired)['AWS::DynamoDB::Table']?.create({
      logicalId: 'Table',
      type: 'AWS::DynamoDB::Table',
      properties: {
        TableName: 'expiring',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: keys('pk', 'sk'),
        AttributeDefinitions: ['pk', 'sk'].map(string),
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      },
    });
    await put('expiring', { sk: { S: 'old' }, ttl: { N: '1000' } });
    await put('expiring', { sk: { S: 'young' }, ttl: { N: '9999999999' } });
    await put('expiring', { sk: { S: 'endless' } });
    const left = await eventually(
      async () => {
        const { Items } = await aws.call('dynamodb', 'Scan', { TableName: 'expiring' });
        return (Items as { sk: { S: string } }[]).map(({ sk }) => sk.S).sort();
      },
      (names) => names.length < 3,
    );
    await expired.stop();
    expect(left).toEqual(['endless', 'young']);
  });

  test('stream records that are read are freed, but for the newest', async () => {
    await makeTable('trimmed', { StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' } });
    for (let number = 1; number <= 5; number += 1) await put('trimmed', { sk: { S: String(number) } });
    const database = new DatabaseSync(backends.dynoxide?.databasePath ?? '', { readOnly: true });
    const left = () =>
      database
        .prepare("SELECT sequence_number AS n FROM _stream_records WHERE table_name = 'trimmed' ORDER BY id")
        .all()
        .map(({ n }) => n);
    backends.streamRecords?.trim('trimmed', '5');
    expect(
      await eventually(
        async () => left(),
        (numbers) => numbers.length === 1,
      ),
    ).toEqual(['5']);
    await put('trimmed', { sk: { S: '6' } });
    expect(left()).toEqual(['5', '6']);
    database.close();
  });
});

describe('queues', () => {
  const endpoint = 'http://127.0.0.1:9';
  const makeQueue = async (
    queues: ReturnType<typeof createQueueProviders>,
    properties: Record<string, unknown>,
  ) =>
    queues.providers['AWS::SQS::Queue']?.create({ logicalId: 'Queue', type: 'AWS::SQS::Queue', properties });
  const depth = async (QueueUrl: string) => {
    const { Attributes } = await aws.call('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
    return Number((Attributes as Record<string, string>).ApproximateNumberOfMessages);
  };
  const receive = async (QueueUrl: string) => {
    const { Messages } = await aws.call('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
    return (Messages ?? []) as { Body: string; ReceiptHandle: string }[];
  };

  test('attributes follow the template, messages stay, also across a restart', async () => {
    const queues = createQueueProviders(context, () => endpoint);
    await makeQueue(queues, { QueueName: 'kept', VisibilityTimeout: 30, DelaySeconds: 0 });
    const QueueUrl = queues.urlOf('kept');
    expect(QueueUrl).toBe(`${endpoint}/000000000000/kept`);
    await aws.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'hello' });
    await backends.stop();
    await start();
    await makeQueue(
      createQueueProviders(context, () => endpoint),
      { QueueName: 'kept', VisibilityTimeout: 60 },
    );
    const { Attributes } = await aws.call('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
    expect(Attributes).toMatchObject({ VisibilityTimeout: '60', ApproximateNumberOfMessages: '1' });
  });

  test('a message given back at once is there again, and moves to the dead-letter queue in the end', async () => {
    const queues = createQueueProviders(context, () => endpoint);
    const dead = await makeQueue(queues, { QueueName: 'dead' });
    await makeQueue(queues, {
      QueueName: 'poisoned',
      RedrivePolicy: { deadLetterTargetArn: dead?.attributes.Arn, maxReceiveCount: 2 },
    });
    const QueueUrl = queues.urlOf('poisoned');
    await aws.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'poison' });
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const [message] = await receive(QueueUrl);
      expect([attempt, message?.Body]).toEqual([attempt, 'poison']);
      const { ReceiptHandle } = message ?? {};
      await aws.call('sqs', 'ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    }
    expect(await receive(QueueUrl)).toEqual([]);
    expect(await depth(queues.urlOf('dead'))).toBe(1);
    expect(backends.fauxqs?.oldestMessageAge('dead')).toBeLessThan(60);

    const tasks = createMessageMoveTasks(aws, queues.urlOf);
    const SourceArn = dead?.attributes.Arn;
    const { TaskHandle } = await tasks.call('StartMessageMoveTask', { SourceArn });
    expect(TaskHandle).toEqual(expect.any(String));
    expect(
      await eventually(
        () => depth(QueueUrl),
        (count) => count === 1,
      ),
    ).toBe(1);
    const done = () => tasks.call('ListMessageMoveTasks', { SourceArn });
    const finished = await eventually(
      done,
      ({ Results }) => (Results as { Status: string }[])[0]?.Status !== 'RUNNING',
    );
    expect(finished).toMatchObject({
      Results: [{ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 1 }],
    });
  });

  test('a queue that is nobody’s dead-letter queue cannot be moved', async () => {
    const queues = createQueueProviders(context, () => endpoint);
    const plain = await makeQueue(queues, { QueueName: 'plain' });
    const tasks = createMessageMoveTasks(aws, queues.urlOf);
    await expect(tasks.call('StartMessageMoveTask', { SourceArn: plain?.attributes.Arn })).rejects.toThrow(
      'Source queue must be configured as a Dead Letter Queue.',
    );
  });
});

describe('the DynamoDB engine', () => {
  test('is started again on the same address when it dies, with everything it acknowledged', async () => {
    await makeTable('durable');
    await put('durable', { note: { S: 'kept' } });
    const before = backends.dynoxide?.pid() ?? 0;
    process.kill(before, 'SIGKILL');
    const answer = await eventually(
      () => aws.call('dynamodb', 'Scan', { TableName: 'durable' }).catch(() => undefined),
      (value) => value !== undefined,
    );
    expect(answer).toMatchObject({ Count: 1 });
    expect(backends.dynoxide?.pid()).not.toBe(before);
    expect(lines.at(-1)).toContain('the DynamoDB engine ended');
  });

  test('of a killed run is ended by the next', async () => {
    const stale = Number(readFileSync(join(directory, 'dynamodb', 'dynoxide.pid'), 'utf8'));
    expect(stale).toBe(backends.dynoxide?.pid());
    const first = backends;
    await start();
    await sleep(100);
    expect(() => process.kill(stale, 0)).toThrow();
    await first.stop();
  });
});
