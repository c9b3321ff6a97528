import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { CallRecord } from '../../local/aws-endpoint/call-log.ts';
import { createCredentials } from '../../local/aws-endpoint/credentials.ts';
import { type AwsEndpoint, startAwsEndpoint } from '../../local/aws-endpoint/endpoint.ts';
import type { Backends } from '../../local/data-services/backends.ts';
import type { MetricDatum } from '../../local/types.ts';

const role = 'arn:aws:iam::000000000000:role/crm';

/** A data service that answers what it is told and remembers what it got. */
interface FakeBackend {
  server: Server;
  url: URL;
  answer: { status: number; body: string };
  got: { path: string; headers: Record<string, unknown>; body: string }[];
}

let backend: FakeBackend;
let endpoint: AwsEndpoint;
let accessKey: string;
let metrics: MetricDatum[];

beforeEach(async () => {
  backend = await startBackend();
  metrics = [];
  const urls = {
    dynamodb: backend.url,
    dynamodbstreams: backend.url,
    sqs: backend.url,
    sns: backend.url,
    s3: backend.url,
  };
  const credentials = createCredentials('us-east-1', () => endpoint.url);
  endpoint = await startAwsEndpoint({
    backends: { urls, isForeign: () => false } as unknown as Backends,
    credentials,
    cloudWatch: { call: async (operation) => ({ operation, at: new Date(1000) }) },
    metrics: { put: (datum) => void metrics.push(datum) },
    cors: new Map([
      ['files', [{ AllowedMethods: ['GET', 'PUT'], AllowedOrigins: ['*'], ExposedHeaders: ['ETag'] }]],
    ]),
    scope: { region: 'us-east-1', accountId: '000000000000' },
  });
  accessKey = credentials.environment(role).AWS_ACCESS_KEY_ID ?? '';
});

afterEach(async () => {
  await endpoint.stop();
  await new Promise((resolve) => {
    backend.server.close(resolve);
    backend.server.closeAllConnections();
  });
});

describe('who calls', () => {
  test('a call without a signature is refused and not forwarded', async () => {
    const response = await fetch(endpoint.url, { method: 'POST', body: '{}' });
    expect(response.status).toBe(403);
    expect(backend.got).toEqual([]);
  });

  test('an access key of another run is refused in the form of the service', async () => {
    const response = await call(
      'dynamodb',
      'DynamoDB_20120810.GetItem',
      { TableName: 't' },
      { key: 'AKIAOTHER' },
    );
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ __type: 'UnrecognizedClientException' });
  });

  test('a service that does not exist locally is named', async () => {
    const response = await call('ec2', 'X.Y', {});
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('has no service \\"ec2\\"');
  });

  test('the call log names the role, the table, the index, the units and the trace', async () => {
    backend.answer.body = '{"Items":[],"ConsumedCapacity":{"TableName":"crm","CapacityUnits":1.5}}';
    await call(
      'dynamodb',
      'DynamoDB_20120810.Query',
      { TableName: 'crm', IndexName: 'byName' },
      { headers: { 'x-amzn-trace-id': 'Root=1-2-3;Parent=4;Sampled=1' } },
    );
    const calls = await noted(1);
    expect(calls).toMatchObject([
      {
        seq: 1,
        principal: role,
        service: 'dynamodb',
        operation: 'Query',
        resources: ['crm'],
        index: 'byName',
        consumedCapacity: 1.5,
        status: 200,
        traceId: 'Root=1-2-3',
      },
    ]);
  });
});

describe('what is passed on', () => {
  test('a DynamoDB request asks for its cost, everything else of it stays', async () => {
    await call('dynamodb', 'DynamoDB_20120810.GetItem', { TableName: 'crm', Key: { pk: { S: 'ä' } } });
    const [got] = backend.got;
    expect(JSON.parse(got?.body ?? '')).toEqual({
      ReturnConsumedCapacity: 'TOTAL',
      TableName: 'crm',
      Key: { pk: { S: 'ä' } },
    });
    expect(got?.headers['x-amz-target']).toBe('DynamoDB_20120810.GetItem');
  });

  test('a request that asks by itself, or cannot be asked, goes on as it is', async () => {
    const asked = { TableName: 'crm', ReturnConsumedCapacity: 'INDEXES' };
    await call('dynamodb', 'DynamoDB_20120810.Query', asked);
    await call('dynamodb', 'DynamoDB_20120810.DescribeTable', { TableName: 'crm' });
    await call('sqs', 'AmazonSQS.SendMessage', { QueueUrl: 'http://x/0/q' });
    expect(backend.got.map(({ body }) => JSON.parse(body))).toEqual([
      asked,
      { TableName: 'crm' },
      { QueueUrl: 'http://x/0/q' },
    ]);
  });

  test('a refusal of the service comes back unchanged and its code is noted', async () => {
    backend.answer = {
      status: 400,
      body: '{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"no"}',
    };
    const response = await call('dynamodb', 'DynamoDB_20120810.PutItem', { TableName: 'crm' });
    expect(response.status).toBe(400);
    expect(await response.text()).toBe(backend.answer.body);
    expect(await noted(1)).toMatchObject([{ status: 400, errorCode: 'ConditionalCheckFailedException' }]);
  });

  test('item data that looks like a cost is not taken for one', async () => {
    const note = JSON.stringify('{"ConsumedCapacity":{"CapacityUnits":99}}');
    backend.answer.body = `{"ConsumedCapacity":{"TableName":"crm","CapacityUnits":0.5},"Item":{"note":{"S":${note}}}}`;
    await call('dynamodb', 'DynamoDB_20120810.GetItem', { TableName: 'crm' });
    expect(await noted(1)).toMatchObject([{ consumedCapacity: 0.5 }]);
  });

  test('a transaction lists its tables and adds up their units', async () => {
    backend.answer.body =
      '{"ConsumedCapacity":[{"TableName":"crm","CapacityUnits":4},{"TableName":"platform","CapacityUnits":2}]}';
    await call('dynamodb', 'DynamoDB_20120810.TransactWriteItems', {
      TransactItems: [{ Put: { TableName: 'crm' } }, { Update: { TableName: 'platform' } }],
    });
    expect(await noted(1)).toMatchObject([{ resources: ['crm', 'platform'], consumedCapacity: 6 }]);
  });

  test('a batch of writes goes on as a transaction, and as the batch when that is refused', async () => {
    const batch = {
      RequestItems: {
        views: [{ PutRequest: { Item: { pk: { S: 'a' } } } }, { DeleteRequest: { Key: { pk: { S: 'b' } } } }],
      },
    };
    backend.answer.body = '{"ConsumedCapacity":[{"TableName":"views","CapacityUnits":4}]}';
    const response = await call('dynamodb', 'DynamoDB_20120810.BatchWriteItem', batch);
    expect(await response.json()).toMatchObject({ UnprocessedItems: {} });
    expect(await noted(1)).toMatchObject([
      { operation: 'BatchWriteItem', resources: ['views'], consumedCapacity: 2 },
    ]);
    const [got] = backend.got;
    expect(got?.headers['x-amz-target']).toBe('DynamoDB_20120810.TransactWriteItems');
    expect(JSON.parse(got?.body ?? '').TransactItems).toEqual([
      { Put: { TableName: 'views', Item: { pk: { S: 'a' } } } },
      { Delete: { TableName: 'views', Key: { pk: { S: 'b' } } } },
    ]);

    backend.answer = { status: 400, body: '{"__type":"ValidationException","message":"too large"}' };
    expect((await call('dynamodb', 'DynamoDB_20120810.BatchWriteItem', batch)).status).toBe(400);
    expect(JSON.parse(backend.got.at(-1)?.body ?? '')).toMatchObject(batch);
  });

  test('a service that is down is 503, so that SDKs try again', async () => {
    backend.server.close();
    backend.server.closeAllConnections();
    const response = await call('dynamodb', 'DynamoDB_20120810.GetItem', { TableName: 'crm' });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ __type: 'ServiceUnavailable' });
  });

  test('units and latency become metrics of the table', async () => {
    backend.answer.body = '{"ConsumedCapacity":{"TableName":"crm","CapacityUnits":2}}';
    await call('dynamodb', 'DynamoDB_20120810.PutItem', { TableName: 'crm' });
    await noted(1);
    expect(metrics).toMatchObject([
      {
        namespace: 'AWS/DynamoDB',
        name: 'ConsumedWriteCapacityUnits',
        value: 2,
        dimensions: { TableName: 'crm' },
      },
      { name: 'SuccessfulRequestLatency', dimensions: { TableName: 'crm', Operation: 'PutItem' } },
    ]);
  });
});

describe('S3 and CloudWatch', () => {
  test('a presigned URL needs no header, and its path and query stay', async () => {
    const query = presigned(new Date());
    const response = await fetch(`${endpoint.url}/files/imports/a%20b.csv?${query}`, {
      method: 'PUT',
      body: 'a,b\n1,2\n',
    });
    expect(response.status).toBe(200);
    expect(backend.got).toMatchObject([{ path: `/files/imports/a%20b.csv?${query}`, body: 'a,b\n1,2\n' }]);
    expect(await noted(1)).toMatchObject([{ service: 's3', operation: 'PutObject', resources: ['files'] }]);
  });

  test('a presigned URL ends when it says so', async () => {
    const response = await fetch(`${endpoint.url}/files/a?${presigned(new Date(Date.now() - 3_600_000))}`);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('Request has expired');
    expect(backend.got).toEqual([]);
  });

  test('a browser may do with a bucket what its CORS rules say', async () => {
    const preflight = (bucket: string, method: string) =>
      fetch(`${endpoint.url}/${bucket}/a`, {
        method: 'OPTIONS',
        headers: { origin: 'https://app.example', 'access-control-request-method': method },
      });
    const allowed = await preflight('files', 'PUT');
    expect([allowed.status, allowed.headers.get('access-control-allow-methods')]).toEqual([200, 'GET, PUT']);
    expect((await preflight('files', 'DELETE')).status).toBe(403);
    expect((await preflight('other', 'PUT')).status).toBe(403);
    const answer = await fetch(`${endpoint.url}/files/a?${presigned(new Date())}`, {
      headers: { origin: 'https://app.example' },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toBe('ETag');
  });

  test('CloudWatch is answered here, instants as epoch seconds', async () => {
    const response = await call('monitoring', 'GraniteServiceVersion20100801.ListMetrics', {});
    expect(await response.json()).toEqual({ operation: 'ListMetrics', at: 1 });
  });
});

function call(
  service: string,
  target: string,
  body: object,
  { key = accessKey, headers = {} }: { key?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const scope = `${key}/20260101/us-east-1/${service}/aws4_request`;
  return fetch(endpoint.url, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': target,
      ...headers,
    },
    body: JSON.stringify(body),
  });
}

function presigned(signedAt: Date): string {
  const date = signedAt.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${accessKey}/${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  return new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': scope,
    'X-Amz-Date': date,
    'X-Amz-Expires': '900',
    'X-Amz-Signature': '0',
  }).toString();
}

/** The noted calls, once there are that many: a call is noted just after its answer is out. */
async function noted(count: number): Promise<CallRecord[]> {
  for (;;) {
    const response = await fetch(`${endpoint.url}/_calls?since=0`);
    const { calls } = (await response.json()) as { calls: CallRecord[] };
    if (calls.length >= count) return calls;
  }
}

async function startBackend(): Promise<FakeBackend> {
  const got: FakeBackend['got'] = [];
  const fake = { got, answer: { status: 200, body: '{}' } } as unknown as FakeBackend;
  fake.server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      got.push({ path: request.url ?? '', headers: request.headers, body });
      response.writeHead(fake.answer.status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(fake.answer.body);
    });
  });
  await new Promise<void>((resolve) => fake.server.listen(0, '127.0.0.1', resolve));
  fake.url = new URL(`http://127.0.0.1:${(fake.server.address() as AddressInfo).port}`);
  return fake;
}
