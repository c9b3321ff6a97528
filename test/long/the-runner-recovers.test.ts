import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually } from '../system/support/api.ts';
import { type Receiver, startReceiver } from '../system/support/receiver.ts';
import { type RunningRuntime, startRuntime } from '../system/support/start-runtime.ts';

const faults = mkdtempSync(join(tmpdir(), 'tandem-faults-'));
const options = {
  args: ['--app', 'node test/support/faulty-runner-app.ts'],
  env: { TANDEM_LOCAL_RETRY_SECONDS: '0', FAULTS: faults },
  readyMillis: 150_000,
};
let runtime: RunningRuntime;
let receiver: Receiver;
let api: Api;
let stranger: Api;
/** How long the receiver takes for each call, in milliseconds. */
let callMillis = 0;

beforeAll(async () => {
  runtime = await startRuntime(options);
  receiver = await startReceiver(() => ({ body: '"done"', delay: callMillis }));
  api = await callerOf({ stack: runtime.stack });
  stranger = await callerOf({ stack: runtime.stack });
  for (const caller of [api, stranger]) {
    const made = await caller.put('/api/v1/task-types/push', {
      executor: 'http',
      http: { url: receiver.url, timeoutSeconds: 1 },
    });
    expect(made).toMatchObject({ status: 201 });
  }
}, 180_000);

afterAll(async () => {
  await runtime?.stop();
  await receiver?.stop();
  for (const directory of [runtime?.dataDir, faults]) {
    if (directory) rmSync(directory, { recursive: true, force: true });
  }
});

beforeEach(() => {
  callMillis = 0;
});

const setFault = (name: 'broken' | 'dying') => writeFileSync(join(faults, name), '');
const mend = () => rmSync(join(faults, 'broken'), { force: true });

const enqueue = async (caller: Api, priority = 0): Promise<string> => {
  const made = await caller.post('/api/v1/tasks', { type: 'push', priority });
  expect(made).toMatchObject({ status: 201 });
  return made.body.id;
};
const ended = (caller: Api, id: string, millis: number) =>
  eventually(
    async () => (await caller.get(`/api/v1/tasks/${id}`)).body,
    ({ state }) => ['completed', 'dead', 'cancelled', 'expired'].includes(state),
    millis,
  );

interface Queue {
  name: string;
  waiting: number;
  inFlight: number;
  deadLetter: { name: string; waiting: number } | null;
}
const queue = async (name: string): Promise<Queue> => {
  const { body } = await api.get('/api/system/queues');
  return body.queues.find((one: Queue) => one.name === name);
};
const peek = (caller: Api, name: string, query = '') =>
  caller.get(`/api/system/queues/${name}/messages${query}`);

describe('a message that keeps failing', () => {
  test.each([
    ['runner-high', 1],
    ['runner', 0],
    ['runner-low', -1],
  ])(
    'of the queue %s is listed, looked at, moved back and done',
    async (name, priority) => {
      setFault('broken');
      const own = [await enqueue(api, priority), await enqueue(api, priority)];
      const foreign = await enqueue(stranger, priority);
      const failed = await eventually(
        () => queue(name),
        ({ deadLetter }) => deadLetter?.waiting === 3,
        60_000,
      );
      expect(failed).toMatchObject({
        waiting: 0,
        inFlight: 0,
        deadLetter: { name: `${name}-dlq`, waiting: 3 },
      });

      for (const asked of [name, `${name}-dlq`]) {
        const { status, body, text } = await peek(api, asked);
        expect(status).toBe(200);
        expect(body).toMatchObject({ queue: `${name}-dlq`, waiting: 3, others: 1 });
        const ids = body.messages.map((one: { body: { taskId: string } }) => one.body.taskId);
        expect(ids.sort()).toEqual([...own].sort());
        expect(text).not.toContain(foreign);
        expect(body.messages[0]).toMatchObject({ sentAt: expect.any(String), receives: expect.any(Number) });
      }
      expect((await peek(stranger, name)).body).toMatchObject({ messages: [{ body: { taskId: foreign } }] });
      // It only looked: all of them are still there.
      expect(await queue(name)).toMatchObject({ deadLetter: { waiting: 3 } });

      mend();
      expect(await api.post(`/api/system/queues/${name}/redrive`)).toMatchObject({
        status: 202,
        body: { from: `${name}-dlq`, to: name, messages: 3 },
      });
      for (const id of own)
        expect(await ended(api, id, 30_000)).toMatchObject({ state: 'completed', attempt: 1 });
      expect(await ended(stranger, foreign, 30_000)).toMatchObject({ state: 'completed' });
      expect(await queue(name)).toMatchObject({ deadLetter: { waiting: 0 } });
    },
    120_000,
  );

  test('cannot be moved out of queues that nothing was sent to', async () => {
    expect(await peek(api, 'changes-dlq')).toMatchObject({ status: 200, body: { messages: [], others: 0 } });
    for (const name of ['changes-dlq', 'clock-dlq']) {
      expect(await api.post(`/api/system/queues/${name}/redrive`)).toMatchObject({
        status: 409,
        body: { code: 'conflict' },
      });
    }
    expect(await api.post('/api/system/queues/nobody/redrive')).toMatchObject({ status: 404 });
    const member = await api.as('member');
    expect(await peek(member, 'runner')).toMatchObject({ status: 403 });
    expect(await member.post('/api/system/queues/runner/redrive')).toMatchObject({ status: 403 });
  });
});

describe('a task that was being done', () => {
  test('when its sandbox died comes back after its lease', async () => {
    // The sandbox dies while it waits for the answer.
    callMillis = 800;
    setFault('dying');
    const id = await enqueue(api);
    await eventually(
      async () => receiver.callsOf(id).length,
      (count) => count === 1,
    );
    callMillis = 0;
    const claimed = (await api.get(`/api/v1/tasks/${id}`)).body;
    expect(claimed).toMatchObject({ state: 'claimed', attempt: 1 });
    const done = await ended(api, id, 60_000);
    expect(done).toMatchObject({ state: 'completed', attempt: 2, result: 'done' });
    const [, second] = receiver.callsOf(id);
    expect(second?.at).toBeGreaterThanOrEqual(Date.parse(claimed.leaseExpiresAt));
    const outcomes = await eventually(
      async () =>
        (await api.get(`/api/v1/tasks/${id}/history`)).body.data.map(
          ({ outcome }: { outcome: string }) => outcome,
        ),
      (seen) => seen.length === 2 && seen[1] === 'completed',
    );
    expect(outcomes).toEqual(['lease_expired', 'completed']);
  }, 90_000);

  test('when the whole runtime was killed comes back after its lease, not after the visibility of its message', async () => {
    callMillis = 800;
    const id = await enqueue(api);
    await eventually(
      async () => receiver.callsOf(id).length,
      (count) => count === 1,
    );
    const { dataDir } = runtime;
    await runtime.kill();
    callMillis = 0;
    runtime = await startRuntime({ ...options, dataDir });
    api = await callerOf({ stack: runtime.stack, tenantId: api.tenantId });
    const done = await ended(api, id, 60_000);
    expect(done).toMatchObject({ state: 'completed', attempt: 2 });
  }, 300_000);
});
