import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { SQSEvent } from 'aws-lambda';
import { handler as changes } from '../../functions/changes/handler.ts';
import { company } from '../../functions/crm/companies/company.ts';
import { createRecord } from '../../functions/crm/records/records.ts';
import type { DeliveryMessage } from '../../functions/platform/webhooks/webhook-queue.ts';
import { handler as platform } from '../../functions/rest-platform/handler.ts';
import { queryPage, updateItem } from '../../functions/shared/dynamo/table.ts';
import { handler } from '../../functions/webhooks/handler.ts';
import { type AwsJsonServer, startAwsJsonServer } from '../support/aws-json-server.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { type ObjectStore, startObjectStore } from '../support/object-store.ts';
import { callRest, type RestCall } from '../support/rest-call.ts';
import { readStream } from '../support/stream.ts';

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

let dynamo: TestDynamo;
let store: ObjectStore;
let sqs: AwsJsonServer;
let receiver: Server;
let receiverUrl: string;
const received: Received[] = [];
let answer: { status: number; headers?: Record<string, string> };
let tenantId: string;
let tenants = 0;

beforeAll(async () => {
  dynamo = await startDynamo();
  store = await startObjectStore();
  sqs = await startAwsJsonServer({ SendMessageBatch: () => ({ Successful: [] }) });
  process.env.QUEUE_WEBHOOKS_URL = 'http://queues/webhooks';
  process.env.GRAPHQL_URL = 'http://127.0.0.1:9/graphql';
  process.env.WEBHOOKS_ALLOW_LOOPBACK = 'true';
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ headers: request.headers, body });
    response.writeHead(answer.status, answer.headers).end('thanks');
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  receiverUrl = `http://localhost:${(receiver.address() as { port: number }).port}/hook`;
});

afterAll(async () => {
  receiver.closeAllConnections();
  await new Promise((done) => receiver.close(done));
  await sqs.stop();
  await store.stop();
  await dynamo.stop();
});

beforeEach(() => {
  tenants += 1;
  tenantId = `t${tenants}`;
  answer = { status: 204 };
  received.length = 0;
  sqs.calls.length = 0;
  process.env.WEBHOOKS_ALLOW_LOOPBACK = 'true';
});

const call = (routeKey: string, rest: Omit<RestCall, 'routeKey'> = {}) =>
  callRest(platform, { routeKey, as: { tenantId, role: 'owner' }, ...rest });
const create = (body: Record<string, unknown>, headers?: Record<string, string>) =>
  call('POST /api/v1/webhooks', { body, headers });
const read = (id: string) => call('GET /api/v1/webhooks/{id}', { path: { id } });
const deliveries = async (id: string) =>
  (await call('GET /api/v1/webhooks/{id}/deliveries', { path: { id } })).body.data;

function messageFor(webhookId: string, members: Partial<DeliveryMessage> = {}): DeliveryMessage {
  const event = {
    id: 'evt_1',
    type: 'contact.created',
    timestamp: '2026-01-01T00:00:00.000Z',
    data: { id: 'con_1' },
  };
  return { tenantId, webhookId, event, attempt: 1, ...members };
}

async function serve(...messages: (DeliveryMessage | string)[]): Promise<string[]> {
  const Records = messages.map((message, at) => ({
    messageId: `m${at}`,
    body: typeof message === 'string' ? message : JSON.stringify(message),
  }));
  const { batchItemFailures } = await handler({ Records } as SQSEvent);
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

interface Entry {
  MessageBody: string;
  MessageGroupId: string;
  DelaySeconds: number;
}

/** What was put on the queue, with its delay. */
function queued(): { message: DeliveryMessage; entry: Entry }[] {
  return sqs.calls.flatMap(({ input }) =>
    (input.Entries as Entry[]).map((entry) => ({ message: JSON.parse(entry.MessageBody), entry })),
  );
}

describe('a webhook', () => {
  test('shows its secret once and keeps it sealed, the key apart from it', async () => {
    const headers = { 'idempotency-key': 'k' };
    const input = { url: 'https://example.com/hook', events: ['contact.*'], description: 'CRM' };
    const first = await create(input, headers);
    expect(first).toMatchObject({ status: 201, body: { url: input.url, disabledAt: null, version: 1 } });
    expect(first.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const again = await create(input, headers);
    const { secret, ...rest } = first.body;
    expect(again.body).toEqual(rest);
    expect((await read(first.body.id)).body).toEqual(rest);
    for (const pk of [`${tenantId}#hook`, `${tenantId}#idempotency#k`, 'system#webhook-key']) {
      const { items } = await queryPage({
        table: 'platform',
        key: { text: 'pk = :pk', values: { ':pk': pk } },
      });
      expect(items).toHaveLength(1);
      expect(JSON.stringify(items)).not.toContain(secret.slice('whsec_'.length));
      for (const key of store.objects.values()) expect(JSON.stringify(items)).not.toContain(key);
    }
    expect([...store.objects.keys()]).toEqual([expect.stringMatching(/^\/files\/system\/webhook-keys\//)]);
  });

  test('is listed, seen by its tenant only, and deleted', async () => {
    const { id } = (await create({ url: 'https://example.com', events: ['*'] })).body;
    expect((await call('GET /api/v1/webhooks')).body.data.map((hook: { id: string }) => hook.id)).toEqual([
      id,
    ]);
    const stranger = { tenantId: 'stranger', role: 'owner' as const };
    for (const routeKey of [
      'GET /api/v1/webhooks/{id}',
      'DELETE /api/v1/webhooks/{id}',
      'GET /api/v1/webhooks/{id}/deliveries',
    ]) {
      expect((await call(routeKey, { path: { id }, as: stranger })).status).toBe(404);
    }
    expect((await call('DELETE /api/v1/webhooks/{id}', { path: { id } })).status).toBe(204);
    expect((await read(id)).status).toBe(404);
  });

  test.each([
    ['plain http', { url: 'http://example.com', events: ['*'] }, '/url'],
    ['a password', { url: 'https://u:p@example.com', events: ['*'] }, '/url'],
    ['no URL', { url: 'example', events: ['*'] }, '/url'],
    ['an unknown event', { url: 'https://example.com', events: ['contact.exploded'] }, '/events/0'],
    ['no events', { url: 'https://example.com', events: [] }, '/events'],
  ])('with %s is refused', async (_what, input, pointer) => {
    process.env.WEBHOOKS_ALLOW_LOOPBACK = 'false';
    const { status, body } = await create(input);
    expect({ status, pointer: body.errors[0].pointer }).toEqual({ status: 422, pointer });
  });

  test('is one of 50 at most', async () => {
    for (let at = 0; at < 50; at += 1) await create({ url: 'https://example.com', events: ['*'] });
    expect((await create({ url: 'https://example.com', events: ['*'] })).body.code).toBe('conflict');
  });
});

describe('changes', () => {
  test('go to the webhooks that want them, in the group of their tenant, with an id that repeats', async () => {
    const wanting = (await create({ url: receiverUrl, events: ['company.created'] })).body.id;
    await create({ url: receiverUrl, events: ['contact.*', 'company.deleted'] });
    const all = (await create({ url: receiverUrl, events: ['*'] })).body.id;
    const actor = { caller: { tenantId, subject: 'u', role: 'owner' as const }, requestId: 'r' };
    const { id } = await createRecord(company, { name: 'A' }, actor);
    const records = (await readStream(dynamo.endpoint, 'crm')).slice(-1);
    await changes({ Records: records });
    await changes({ Records: records });
    const told = queued();
    expect(told.map(({ message }) => message.webhookId).sort()).toEqual([all, all, wanting, wanting].sort());
    expect(new Set(told.map(({ message }) => message.event.id)).size).toBe(1);
    expect(told[0]).toMatchObject({
      entry: { MessageGroupId: tenantId, DelaySeconds: 0 },
      message: {
        tenantId,
        attempt: 1,
        event: { type: 'company.created', data: { id, version: 1, record: { name: 'A' } } },
      },
    });
  });
});

describe('a webhook that was made just now', () => {
  test('is told of the next change, whatever was read before', async () => {
    const first = (await create({ url: receiverUrl, events: ['*'] })).body.id;
    const actor = { caller: { tenantId, subject: 'u', role: 'owner' as const }, requestId: 'r' };
    await createRecord(company, { name: 'A' }, actor);
    await changes({ Records: (await readStream(dynamo.endpoint, 'crm')).slice(-1) });
    const second = (await create({ url: receiverUrl, events: ['*'] })).body.id;
    await createRecord(company, { name: 'B' }, actor);
    sqs.calls.length = 0;
    await changes({ Records: (await readStream(dynamo.endpoint, 'crm')).slice(-1) });
    expect(queued().map(({ message }) => message.webhookId)).toEqual([first, second]);
  });
});

describe('a delivery', () => {
  test('is signed as Standard Webhooks has it', async () => {
    const { id, secret } = (await create({ url: receiverUrl, events: ['*'] })).body;
    expect(await serve(messageFor(id))).toEqual([]);
    const [{ headers, body }] = received as [Received];
    expect(JSON.parse(body)).toEqual({
      type: 'contact.created',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { id: 'con_1' },
    });
    expect(headers['webhook-id']).toBe('evt_1');
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(60);
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signed = `evt_1.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
    );
    expect(await deliveries(id)).toMatchObject([
      {
        id: 'evt_1',
        type: 'contact.created',
        state: 'delivered',
        attempts: 1,
        lastStatus: 204,
        nextAttemptAt: null,
      },
    ]);
  });

  test('that came through is not made again', async () => {
    const { id } = (await create({ url: receiverUrl, events: ['*'] })).body;
    await serve(messageFor(id));
    await serve(messageFor(id));
    expect(received).toHaveLength(1);
  });

  test('that fails comes again later, as long as the schedule goes', async () => {
    const { id } = (await create({ url: receiverUrl, events: ['*'] })).body;
    answer = { status: 500 };
    await serve(messageFor(id));
    const [next] = queued();
    expect(next?.message).toMatchObject({ attempt: 2, event: { id: 'evt_1' } });
    expect(next?.entry.DelaySeconds).toBeGreaterThanOrEqual(4);
    expect(next?.entry.DelaySeconds).toBeLessThanOrEqual(6);
    expect(await deliveries(id)).toMatchObject([
      { state: 'retrying', attempts: 1, lastStatus: 500, nextAttemptAt: expect.any(String) },
    ]);
    sqs.calls.length = 0;
    await serve(messageFor(id, { attempt: 10 }));
    expect(queued()).toEqual([]);
    expect(await deliveries(id)).toMatchObject([{ state: 'failed', attempts: 10 }]);
  });

  test('waits as long as the receiver asks', async () => {
    const { id } = (await create({ url: receiverUrl, events: ['*'] })).body;
    answer = { status: 429, headers: { 'retry-after': '3600' } };
    await serve(messageFor(id));
    const [next] = queued();
    expect(Math.round(((next?.message.notBefore ?? 0) - Date.now()) / 1_000)).toBe(3_600);
    // Longer than SQS can hold a message: it is put back until its time has come.
    expect(next?.entry.DelaySeconds).toBe(600);
    received.length = 0;
    sqs.calls.length = 0;
    await serve(next?.message as DeliveryMessage);
    expect(received).toEqual([]);
    expect(queued()[0]?.message).toEqual(next?.message);
  });

  test('does not follow redirects', async () => {
    const { id } = (await create({ url: receiverUrl, events: ['*'] })).body;
    answer = { status: 302, headers: { location: receiverUrl } };
    await serve(messageFor(id));
    expect(received).toHaveLength(1);
    expect(await deliveries(id)).toMatchObject([{ state: 'retrying', lastStatus: 302 }]);
  });

  test('to where nobody listens says so', async () => {
    const { id } = (await create({ url: 'http://127.0.0.1:9/', events: ['*'] })).body;
    await serve(messageFor(id));
    expect(await deliveries(id)).toMatchObject([
      { state: 'retrying', lastStatus: null, lastError: 'econnrefused' },
    ]);
  });

  test('into this machine or a private network is refused in the cloud', async () => {
    const urls = [
      receiverUrl,
      receiverUrl.replace('localhost', '127.0.0.1'),
      'https://169.254.169.254/',
      'https://10.0.0.1/',
    ];
    const ids = [];
    for (const url of urls) ids.push((await create({ url, events: ['*'] })).body.id);
    process.env.WEBHOOKS_ALLOW_LOOPBACK = 'false';
    for (const id of ids.slice(2)) {
      await serve(messageFor(id));
      expect(await deliveries(id)).toMatchObject([{ state: 'failed', lastError: 'address_refused' }]);
    }
    for (const id of ids.slice(0, 2)) await serve(messageFor(id));
    expect(received).toEqual([]);
    expect(queued().map(({ message }) => message.webhookId)).toEqual(ids.slice(0, 2));
  });

  test('for a webhook that is deleted or switched off is dropped', async () => {
    const { id } = (await create({ url: receiverUrl, events: ['*'] })).body;
    await call('DELETE /api/v1/webhooks/{id}', { path: { id } });
    expect(await serve(messageFor(id))).toEqual([]);
    expect(received).toEqual([]);
  });

  test('that makes no sense fails alone, so that it reaches the dead letters', async () => {
    const { id } = (await create({ url: receiverUrl, events: ['*'] })).body;
    expect(await serve('nonsense', messageFor(id), '{"tenantId":"x"}')).toEqual(['m0', 'm2']);
    expect(received).toHaveLength(1);
  });
});

describe('a receiver', () => {
  test('that is gone is not told any more', async () => {
    const { id } = (await create({ url: receiverUrl, events: ['*'] })).body;
    answer = { status: 410 };
    await serve(messageFor(id));
    expect((await read(id)).body).toMatchObject({
      disabledReason: 'gone',
      disabledAt: expect.any(String),
      version: 2,
    });
    expect(queued()).toEqual([]);
  });

  test('that fails for three days is switched off, one that recovers is not', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 2; at += 1) ids.push((await create({ url: receiverUrl, events: ['*'] })).body.id);
    const fourDaysAgo = new Date(Date.now() - 4 * 86_400_000).toISOString();
    for (const id of ids) {
      await updateItem(
        'platform',
        { pk: `${tenantId}#hook`, sk: id },
        { text: 'SET failingSince = :since', values: { ':since': fourDaysAgo } },
      );
    }
    const [failing = '', recovering = ''] = ids;
    await serve(messageFor(recovering));
    answer = { status: 503 };
    await serve(messageFor(failing));
    await serve(messageFor(recovering, { event: { ...messageFor('').event, id: 'evt_2' } }));
    expect((await read(failing)).body.disabledReason).toBe('failing');
    expect((await read(recovering)).body.disabledReason).toBeNull();
  });

  test('that recovers is known to have, even where it was read before it failed', async () => {
    const { id } = (await create({ url: receiverUrl, events: ['*'] })).body;
    const event = (at: number) => ({ event: { ...messageFor('').event, id: `evt_${at}` } });
    await serve(messageFor(id, event(1)));
    await updateItem(
      'platform',
      { pk: `${tenantId}#hook`, sk: id },
      {
        text: 'SET failingSince = :since',
        values: { ':since': new Date(Date.now() - 4 * 86_400_000).toISOString() },
      },
    );
    await serve(messageFor(id, event(2)));
    answer = { status: 503 };
    await serve(messageFor(id, event(3)));
    expect((await read(id)).body.disabledReason).toBeNull();
  });
});
