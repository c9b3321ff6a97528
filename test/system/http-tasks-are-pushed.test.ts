import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';
import {
  type CallAnswer,
  type ReceivedCall,
  type Receiver,
  signatureOf,
  startReceiver,
} from './support/receiver.ts';

// Much here waits for the runner, on whatever machine this runs on.
jest.setTimeout(120_000);

let api: Api;
let receiver: Receiver;
const directory = mkdtempSync(join(tmpdir(), 'tandem-guide-'));
/** Path of the type → how it is answered. */
const answers = new Map<string, (call: ReceivedCall, earlier: number) => CallAnswer>();

beforeAll(async () => {
  api = await callerOf();
  receiver = await startReceiver((call, earlier) => answers.get(call.path)?.(call, earlier) ?? {});
});
afterAll(async () => {
  await receiver?.stop();
  rmSync(directory, { recursive: true });
});

/** The check of signatures as docs/http-tasks.md shows it. */
let isGenuine: (secret: string, headers: IncomingHttpHeaders, body: string) => boolean;

beforeAll(async () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/http-tasks.md'), 'utf8');
  const file = join(directory, 'guide.mjs');
  writeFileSync(file, /```js\n(.*?)```/s.exec(guide)?.[1] ?? '');
  ({ isGenuine } = await import(file));
});

interface HttpType {
  name: string;
  secret: string;
}

async function newType(
  answer: (call: ReceivedCall, earlier: number) => CallAnswer,
  settings: Record<string, unknown> = {},
): Promise<HttpType> {
  const name = `push-${randomUUID().slice(0, 8)}`;
  answers.set(`/${name}`, answer);
  const made = await api.put(`/api/v1/task-types/${name}`, {
    executor: 'http',
    http: { url: `${receiver.url}/${name}`, timeoutSeconds: 15 },
    retry: { initialSeconds: 0, maxSeconds: 1, jitter: false },
    ...settings,
  });
  expect(made).toMatchObject({ status: 201, body: { http: { secret: expect.stringMatching(/^whsec_/) } } });
  return { name, secret: made.body.http.secret };
}

const enqueue = async (type: string, more: Record<string, unknown> = {}) => {
  const made = await api.post('/api/v1/tasks', { type, ...more });
  expect(made).toMatchObject({ status: 201 });
  return made.body;
};

const taskOf = (id: string) => api.get(`/api/v1/tasks/${id}`);
const ended = (id: string, millis = 60_000): Promise<Answer> =>
  eventually(
    () => taskOf(id),
    ({ body }) => ['completed', 'dead', 'cancelled', 'expired'].includes(body.state),
    millis,
  );

describe('a call', () => {
  test.concurrent('brings the whole task, signed, and its answer is the result', async () => {
    const type = await newType(() => ({ body: '{"charged":true}' }));
    const contact = (await api.post('/api/v1/contacts', { name: 'Ada' })).body;
    const task = await enqueue(type.name, {
      input: { order: 7 },
      title: 'Charge it',
      priority: 3,
      deadline: '2099-01-01T00:00:00Z',
      about: { type: 'contact', id: contact.id },
    });
    expect((await ended(task.id)).body).toMatchObject({
      state: 'completed',
      attempt: 1,
      result: { charged: true },
      workerId: expect.stringMatching(/^runner:/),
    });
    const [call] = receiver.callsOf(task.id) as [ReceivedCall];
    expect(call.body).toMatchObject({
      id: task.id,
      type: type.name,
      typeVersion: 1,
      attempt: 1,
      maxAttempts: 5,
      title: 'Charge it',
      priority: 3,
      input: { order: 7 },
      about: { type: 'contact', id: contact.id },
      deadline: '2099-01-01T00:00:00.000Z',
      schedule: null,
    });
    expect(call.headers['webhook-signature']).toBe(signatureOf(type.secret, call));
    expect(Math.abs(Number(call.headers['webhook-timestamp']) * 1_000 - call.at)).toBeLessThan(60_000);
    expect(call.headers['content-type']).toBe('application/json');
    expect(isGenuine(type.secret, call.headers, call.text)).toBe(true);
    expect(isGenuine(type.secret, call.headers, `${call.text} `)).toBe(false);
    expect(isGenuine(type.secret, { ...call.headers, 'webhook-timestamp': '1' }, call.text)).toBe(false);
  });

  test.concurrent.each([
    '{}',
    '[]',
    '0',
    'false',
    '""',
    '123456789012345678901',
    '{"a":{},"b":[1.5],"c":1e400}',
    'null',
  ])('carries %s there and back unchanged', async (json) => {
    const type = await newType((call) => ({ body: /"input":(.*)\}$/s.exec(call.text)?.[1] }));
    const made = await api.post('/api/v1/tasks', `{"type":"${type.name}","input":${json}}`);
    expect(made.status).toBe(201);
    const { text } = await ended(made.body.id);
    expect(receiver.callsOf(made.body.id)[0]?.text).toContain(`"input":${json}}`);
    expect(text).toContain(`"result":${json}`);
  });

  test.concurrent.each<[string, CallAnswer, unknown]>([
    ['nothing is the result null', { status: 204 }, null],
    ['text is kept as a string', { headers: { 'content-type': 'text/plain' }, body: '42 é' }, '42 é'],
    ['202 is done like any other 2xx', { status: 202, body: '{"queued":1}' }, { queued: 1 }],
  ])('whose answer is %s', async (_, answer, result) => {
    const type = await newType(() => answer);
    const task = await enqueue(type.name);
    expect((await ended(task.id)).body).toMatchObject({ state: 'completed', result });
  });

  test.concurrent('may answer with 256 KB beside a small input, and not with more', async () => {
    const large = JSON.stringify('x'.repeat(256 * 1024 - 2));
    const fits = await newType(() => ({ body: large }));
    const task = await enqueue(fits.name);
    expect((await ended(task.id)).body.result).toHaveLength(256 * 1024 - 2);
    const exceeds = await newType(() => ({ body: `${large} ` }));
    const other = await enqueue(exceeds.name);
    expect((await ended(other.id)).body).toMatchObject({
      state: 'dead',
      attempt: 1,
      error: { code: 'http_result_too_large' },
    });
  });
});

describe('a refusal', () => {
  test.concurrent.each([400, 401, 404, 410, 422, 301])(
    'with %d ends the task without another attempt',
    async (status) => {
      const type = await newType(() => ({
        status,
        headers: { location: receiver.url },
        body: 'not like this',
      }));
      const task = await enqueue(type.name);
      expect((await ended(task.id)).body).toMatchObject({
        state: 'dead',
        attempt: 1,
        error: {
          code: `http_${status}`,
          message: expect.stringContaining('not like this'),
          details: { status, body: 'not like this' },
        },
      });
      expect(receiver.callsOf(task.id)).toHaveLength(1);
    },
  );

  test.concurrent.each([408, 409, 425, 429, 500, 502, 503, 504])('with %d is tried again', async (status) => {
    const type = await newType((_, earlier) => (earlier === 0 ? { status, body: 'later' } : { body: '1' }));
    const task = await enqueue(type.name);
    expect((await ended(task.id)).body).toMatchObject({ state: 'completed', attempt: 2, result: 1 });
    const [first, second] = receiver.callsOf(task.id).map(({ headers }) => headers['webhook-id']);
    expect(first).not.toBe(second);
    const data = await eventually(
      async () => (await api.get(`/api/v1/tasks/${task.id}/history`)).body.data,
      (attempts) => attempts.length === 2 && attempts[0].outcome === 'failed',
    );
    expect(data[0]).toMatchObject({
      outcome: 'failed',
      error: { code: `http_${status}`, message: expect.stringContaining('later') },
    });
  });

  test.concurrent('with Retry-After is tried again no earlier', async () => {
    const type = await newType((_, earlier) =>
      earlier === 0 ? { status: 503, headers: { 'retry-after': '3' } } : {},
    );
    const task = await enqueue(type.name);
    expect((await ended(task.id)).body).toMatchObject({ state: 'completed', attempt: 2 });
    const [first, second] = receiver.callsOf(task.id) as [ReceivedCall, ReceivedCall];
    expect(second.at - first.at).toBeGreaterThanOrEqual(2_900);
  });

  test.concurrent('by beginning an answer and never ending it is a timeout', async () => {
    const type = await newType(() => ({ body: '"beg', stall: true }), {
      http: { url: `${receiver.url}/stall`, timeoutSeconds: 1 },
      retry: { maxAttempts: 1 },
    });
    answers.set('/stall', () => ({ body: '"beg', stall: true }));
    const task = await enqueue(type.name);
    expect((await ended(task.id)).body).toMatchObject({ state: 'dead', error: { code: 'http_timeout' } });
  });

  test.concurrent('by hanging up or by taking too long is tried again until the attempts are used up', async () => {
    const hangsUp = await newType(() => ({ hangUp: true }), { retry: { maxAttempts: 2, initialSeconds: 0 } });
    const slow = await newType(() => ({ delay: 4_000 }), {
      http: { url: `${receiver.url}/slow`, timeoutSeconds: 1 },
      retry: { maxAttempts: 2, initialSeconds: 0 },
    });
    answers.set('/slow', () => ({ delay: 4_000 }));
    const [one, two] = [await enqueue(hangsUp.name), await enqueue(slow.name)];
    expect((await ended(one.id)).body).toMatchObject({
      state: 'dead',
      attempt: 2,
      error: { code: 'http_connection_failed' },
    });
    expect((await ended(two.id)).body).toMatchObject({
      state: 'dead',
      attempt: 2,
      error: { code: 'http_timeout', message: 'There was no answer within 1 s' },
    });
  });

  test.concurrent.each<[string, CallAnswer, string]>([
    ['is nested too deeply', { body: '['.repeat(50_000) + ']'.repeat(50_000) }, '[[['],
    ['was cut off', { body: '{"half":' }, '{"half":'],
    ['is encoded', { headers: { 'content-encoding': 'gzip' }, body: gzipSync('{"done":true}') }, ''],
  ])('of a result that %s ends the task after one call', async (_, answer, beginning) => {
    const type = await newType(() => answer);
    const task = await enqueue(type.name);
    const { body } = await ended(task.id);
    expect(body).toMatchObject({
      state: 'dead',
      attempt: 1,
      error: {
        code: 'http_result_invalid',
        details: { status: 200, body: expect.stringContaining(beginning) },
      },
    });
    expect(receiver.callsOf(task.id)).toHaveLength(1);
    expect(receiver.callsOf(task.id)[0]?.headers['accept-encoding']).toBe('identity');
  });

  test.concurrent('with a Retry-After beyond all dates is tried again in a week', async () => {
    const type = await newType(() => ({ status: 503, headers: { 'retry-after': '9'.repeat(20) } }));
    const task = await enqueue(type.name);
    const { body } = await eventually(
      () => taskOf(task.id),
      (answer) => answer.body.state === 'scheduled',
    );
    expect(Date.parse(body.runAt) - Date.now()).toBeGreaterThan(6 * 86_400_000);
    await api.post(`/api/v1/tasks/${task.id}/cancel`, {});
  });

  test.concurrent('of a result by its schema ends the task and says where', async () => {
    const type = await newType(() => ({ body: '{"charged":"yes"}' }), {
      resultSchema: { type: 'object', properties: { charged: { type: 'boolean' } } },
    });
    const task = await enqueue(type.name);
    const { body } = await ended(task.id);
    expect(body).toMatchObject({ state: 'dead', attempt: 1, error: { code: 'http_result_invalid' } });
    expect(JSON.stringify(body.error.details)).toContain('/charged');
  });
});

test.concurrent('private addresses are not called, however they are written', async () => {
  for (const host of ['10.0.0.1', '169.254.169.254', '[fd00::1]']) {
    const name = `push-${randomUUID().slice(0, 8)}`;
    await api.put(`/api/v1/task-types/${name}`, { executor: 'http', http: { url: `http://${host}/` } });
    const task = await enqueue(name);
    expect((await ended(task.id)).body).toMatchObject({
      state: 'dead',
      attempt: 1,
      error: { code: 'http_address_refused' },
    });
  }
});

describe('a secret', () => {
  test.concurrent('is shown once, and rotating it signs with both for a while', async () => {
    const type = await newType(() => ({}));
    const path = `/api/v1/task-types/${type.name}`;
    expect((await api.get(path)).text).not.toContain('whsec_');
    const changed = await api.put(path, {
      executor: 'http',
      http: { url: `${receiver.url}/${type.name}`, timeoutSeconds: 9 },
    });
    expect(changed).toMatchObject({ status: 200, body: { http: { timeoutSeconds: 9 } } });
    expect(changed.text).not.toContain('whsec_');

    const key = { 'idempotency-key': randomUUID() };
    const rotated = await api.post(`${path}/rotate-secret`, undefined, key);
    expect(rotated).toMatchObject({
      status: 200,
      body: { secret: expect.stringMatching(/^whsec_/), previousSecretExpiresAt: expect.any(String) },
    });
    const again = await api.post(`${path}/rotate-secret`, undefined, key);
    expect(again.status).toBe(200);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.text).not.toContain('whsec_');

    const task = await enqueue(type.name);
    await ended(task.id);
    const [call] = receiver.callsOf(task.id) as [ReceivedCall];
    expect(call.headers['webhook-signature']).toBe(
      `${signatureOf(rotated.body.secret, call)} ${signatureOf(type.secret, call)}`,
    );
  });

  test.concurrent('belongs to http types, and only their admins make a new one', async () => {
    const name = `work-${randomUUID().slice(0, 8)}`;
    await api.put(`/api/v1/task-types/${name}`, { executor: 'worker' });
    expect(await api.post(`/api/v1/task-types/${name}/rotate-secret`)).toMatchObject({ status: 409 });
    expect(await api.post('/api/v1/task-types/nobody/rotate-secret')).toMatchObject({ status: 404 });
    const type = await newType(() => ({}));
    const path = `/api/v1/task-types/${type.name}/rotate-secret`;
    expect(await (await api.as('member')).post(path)).toMatchObject({ status: 403 });
    const stranger = await callerOf();
    expect(await stranger.post(path)).toMatchObject({ status: 404 });
  });
});

describe('an http task behaves like any other', () => {
  test.concurrent('it waits for its start, and one that is cancelled or too late is never sent', async () => {
    const type = await newType(() => ({}));
    const never = await enqueue(type.name, { delaySeconds: 5 });
    const later = await enqueue(type.name, { delaySeconds: 6 });
    expect(later.state).toBe('scheduled');
    expect(await api.post(`/api/v1/tasks/${never.id}/cancel`, {})).toMatchObject({
      status: 200,
      body: { state: 'cancelled' },
    });
    expect((await ended(later.id)).body.state).toBe('completed');
    const [call] = receiver.callsOf(later.id) as [ReceivedCall];
    expect(call.at).toBeGreaterThanOrEqual(Date.parse(later.runAt) - 50);
    expect(receiver.callsOf(never.id)).toEqual([]);
  });

  test.concurrent('it cannot be claimed, and its dedupe key holds while it lives', async () => {
    const type = await newType(() => ({ delay: 4_000 }));
    expect(await api.post('/api/v1/tasks/claim', { types: [type.name], workerId: 'w' })).toMatchObject({
      status: 422,
    });
    const first = await enqueue(type.name, { dedupeKey: 'one' });
    const second = await api.post('/api/v1/tasks', { type: type.name, dedupeKey: 'one' });
    expect(second).toMatchObject({ status: 200, body: { id: first.id } });
    await ended(first.id);
    expect(receiver.calls.filter(({ path }) => path === `/${type.name}`)).toHaveLength(1);
  });

  test.concurrent('cancelled in the middle of a call that fails it is cancelled, and retried it is sent under another id', async () => {
    const type = await newType((_, earlier) =>
      earlier === 0 ? { status: 503, delay: 4_000 } : { body: '"ok"' },
    );
    const task = await enqueue(type.name);
    await eventually(
      async () => receiver.callsOf(task.id).length,
      (count) => count > 0,
    );
    expect(await api.post(`/api/v1/tasks/${task.id}/cancel`, { reason: 'changed my mind' })).toMatchObject({
      status: 200,
      body: { state: 'claimed', cancelRequested: true },
    });
    expect((await ended(task.id)).body).toMatchObject({ state: 'cancelled', reason: 'changed my mind' });
    expect(await api.post(`/api/v1/tasks/${task.id}/retry`, { input: 2 })).toMatchObject({ status: 200 });
    expect((await ended(task.id)).body).toMatchObject({ state: 'completed', result: 'ok', attempt: 1 });
    const calls = receiver.callsOf(task.id);
    expect(calls.map(({ body }) => [body.attempt, body.input])).toEqual([
      [1, null],
      [1, 2],
    ]);
    expect(new Set(calls.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
  });

  test.concurrent('a batch of every priority is sent whole', async () => {
    const type = await newType((call) => ({ body: JSON.stringify(call.body.input) }));
    const priorities = Array.from({ length: 30 }, (_, at) => (at % 3) - 1);
    const made = await api.post('/api/v1/tasks/batch', {
      tasks: priorities.map((priority, input) => ({ type: type.name, priority, input })),
    });
    expect(made.status).toBe(200);
    const ids: string[] = made.body.results.map(({ data }: { data: { id: string } }) => data.id);
    const results = await Promise.all(ids.map(async (id) => (await ended(id)).body.result));
    expect(results).toEqual(priorities.map((_, at) => at));
  });

  test.concurrent('no more of a type are called at one time than it allows', async () => {
    let now = 0;
    let most = 0;
    const type = await newType(() => ({ delay: 300 }), { concurrency: 2 });
    answers.set(`/${type.name}`, () => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
      }, 300);
      return { delay: 300 };
    });
    const tasks = await Promise.all(Array.from({ length: 8 }, () => enqueue(type.name)));
    for (const { id } of tasks) expect((await ended(id, 60_000)).body).toMatchObject({ state: 'completed' });
    expect(most).toBeLessThanOrEqual(2);
  });
});
