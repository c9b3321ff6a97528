import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

interface Lease {
  id: string;
  leaseToken: string;
  attempt: number;
  input: unknown;
}

/** A new type with its own settings; no other test sees its tasks. */
async function newType(settings: Record<string, unknown> = {}): Promise<string> {
  const name = `type-${randomUUID().slice(0, 8)}`;
  const answer = await api.put(`/api/v1/task-types/${name}`, { executor: 'worker', ...settings });
  expect(answer).toMatchObject({ status: expect.any(Number), body: { name } });
  return name;
}

const enqueue = async (type: string, more: Record<string, unknown> = {}) => {
  const answer = await api.post('/api/v1/tasks', { type, ...more });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
};

const claim = async (type: string, more: Record<string, unknown> = {}): Promise<Lease[]> => {
  const answer = await api.post('/api/v1/tasks/claim', { types: [type], workerId: 'w', ...more });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.tasks;
};

const settle = (lease: Lease, how: string, body: Record<string, unknown> = {}) =>
  api.post(`/api/v1/tasks/${lease.id}/${how}`, { leaseToken: lease.leaseToken, ...body });

describe('a task', () => {
  test('goes from a producer through a worker to its result', async () => {
    const type = await newType();
    const task = await enqueue(type, { input: { order: 7 }, title: 'Pack it', priority: 5 });
    expect(task).toMatchObject({
      id: expect.stringMatching(/^task_/),
      state: 'ready',
      type,
      title: 'Pack it',
    });
    const [lease] = await claim(type, { leaseSeconds: 60 });
    expect(lease).toMatchObject({
      id: task.id,
      input: { order: 7 },
      attempt: 1,
      leaseToken: expect.any(String),
    });
    expect((await api.get(`/api/v1/tasks/${task.id}`)).body.state).toBe('claimed');
    const beat = await settle(lease as Lease, 'heartbeat', { progress: { percent: 50, message: 'half' } });
    expect(beat.body).toMatchObject({ leaseExpiresAt: expect.any(String), cancelRequested: false });
    const done = await settle(lease as Lease, 'complete', { result: { packed: true } });
    expect(done.body).toMatchObject({ state: 'completed', result: { packed: true } });
    const history = await eventually(
      async () => (await api.get(`/api/v1/tasks/${task.id}/history`)).body.data,
      (attempts) => attempts.at(-1)?.outcome === 'completed',
    );
    expect(history).toMatchObject([{ workerId: 'w', outcome: 'completed' }]);
    expect(await claim(type)).toEqual([]);
  });

  test.each(['{}', '[]', '0', 'false', '""', '123456789012345678901', '{"a":{},"b":[],"c":1e400}'])(
    'carries %s as input and result unchanged',
    async (json) => {
      const type = await newType();
      const made = await api.post('/api/v1/tasks', `{"type":"${type}","input":${json}}`);
      expect(made.status).toBe(201);
      expect(made.text).toContain(`"input":${json}`);
      const claimed = await api.post('/api/v1/tasks/claim', { types: [type], workerId: 'w' });
      expect(claimed.text).toContain(`"input":${json}`);
      const [lease] = claimed.body.tasks;
      const path = `/api/v1/tasks/${lease.id}`;
      await api.post(`${path}/complete`, `{"leaseToken":"${lease.leaseToken}","result":${json}}`);
      expect((await api.get(path)).text).toContain(`"result":${json}`);
    },
  );

  test('is claimed by priority first, and first in first out among equals', async () => {
    const type = await newType({ priorityWeightSeconds: 60 });
    const order = [0, 0, 10, -5, 10, 0];
    const ids: string[] = [];
    for (const priority of order) ids.push((await enqueue(type, { priority })).id);
    const claimed = (await claim(type, { max: 10 })).map(({ id }) => ids.indexOf(id));
    expect(claimed).toEqual([2, 4, 0, 1, 5, 3]);
  });

  test('waits for its time', async () => {
    const type = await newType();
    const task = await enqueue(type, { delaySeconds: 2 });
    expect(task.state).toBe('scheduled');
    expect(await claim(type)).toEqual([]);
    const [lease] = await claim(type, { waitSeconds: 10 });
    expect(lease?.id).toBe(task.id);
  });

  test('of a dedupe key exists once while it lives, and is free afterwards', async () => {
    const type = await newType();
    const first = await enqueue(type, { dedupeKey: 'only' });
    const again = await api.post('/api/v1/tasks', { type, dedupeKey: 'only' });
    expect(again).toMatchObject({ status: 200, body: { id: first.id } });
    const [lease] = await claim(type);
    await settle(lease as Lease, 'complete');
    expect((await enqueue(type, { dedupeKey: 'only' })).id).not.toBe(first.id);
  });

  test('of a person is a to-do that is completed without a lease', async () => {
    const todo = await enqueue('todo', {
      title: 'Call Ada',
      assigneeId: 'ada',
      dueAt: '2030-01-01T09:00:00Z',
    });
    const mine = await api.get('/api/v1/tasks?assigneeId=ada');
    expect(mine.body.data.map(({ id }: { id: string }) => id)).toContain(todo.id);
    const done = await api.post(`/api/v1/tasks/${todo.id}/complete`, { result: 'called' });
    expect(done).toMatchObject({ status: 200, body: { state: 'completed', result: 'called' } });
  });
});

describe('a lease', () => {
  test('is never shared by sixteen claimers', async () => {
    const type = await newType();
    const total = 160;
    for (let at = 0; at < total; at += 80) {
      const tasks = Array.from({ length: 80 }, (_, index) => ({ type, input: at + index }));
      expect((await api.post('/api/v1/tasks/batch', { tasks })).status).toBe(200);
    }
    const seen: string[] = [];
    const claimer = async (worker: number) => {
      for (let empty = 0; empty < 3; ) {
        const answer = await api.post('/api/v1/tasks/claim', {
          types: [type],
          workerId: `w${worker}`,
          max: 3,
          leaseSeconds: 300,
        });
        expect(answer.status).toBe(200);
        seen.push(...answer.body.tasks.map(({ id }: Lease) => id));
        if (answer.body.tasks.length === 0) empty += 1;
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, worker) => claimer(worker)));
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(total);
  }, 60_000);

  test('that ended is taken by the next claim, and its old holder changes nothing', async () => {
    const type = await newType();
    const task = await enqueue(type);
    const [old] = await claim(type, { leaseSeconds: 1 });
    const [fresh] = await claim(type, { waitSeconds: 5, workerId: 'second' });
    expect(fresh).toMatchObject({ id: task.id, attempt: 2 });
    for (const how of ['complete', 'heartbeat', 'fail', 'release']) {
      const body = how === 'fail' ? { error: { code: 'x', message: 'late' } } : {};
      expect((await settle(old as Lease, how, body)).body).toMatchObject({ status: 409, code: 'lease_lost' });
    }
    const done = await settle(fresh as Lease, 'complete', { result: 'mine' });
    expect(done.body).toMatchObject({ state: 'completed', result: 'mine' });
  });

  test('completes once, however often the same token says so', async () => {
    const type = await newType();
    await enqueue(type);
    const [lease] = await claim(type);
    const first = await settle(lease as Lease, 'complete', { result: 1 });
    const second = await settle(lease as Lease, 'complete', { result: 1 });
    expect(second).toMatchObject({ status: 200, body: first.body });
  });

  test('that is released gives the task back without an attempt spent', async () => {
    const type = await newType();
    await enqueue(type);
    const [first] = await claim(type);
    expect((await settle(first as Lease, 'release')).status).toBe(200);
    const [second] = await claim(type);
    expect(second?.attempt).toBe(1);
  });

  test('comes back the same for a repeated claim id', async () => {
    const type = await newType();
    await enqueue(type);
    await enqueue(type);
    const claimId = randomUUID();
    const first = await claim(type, { claimId, max: 1 });
    const second = await claim(type, { claimId, max: 1 });
    expect(second).toEqual(first);
  });
});

describe('a failing task', () => {
  test('is tried again after its backoff and is dead when its attempts are used up', async () => {
    const type = await newType({
      retry: { maxAttempts: 2, initialSeconds: 1, factor: 1, maxSeconds: 1, jitter: false },
    });
    const task = await enqueue(type);
    const [first] = await claim(type);
    const failed = await settle(first as Lease, 'fail', { error: { code: 'boom', message: 'first' } });
    expect(failed.body.state).toBe('scheduled');
    const [second] = await claim(type, { waitSeconds: 5 });
    expect(second?.attempt).toBe(2);
    const dead = await settle(second as Lease, 'fail', { error: { code: 'boom', message: 'second' } });
    expect(dead.body.state).toBe('dead');
    const retried = await api.post(`/api/v1/tasks/${task.id}/retry`, {});
    expect(retried.body.state).toBe('ready');
  });

  test('that can not be retried is dead at once', async () => {
    const type = await newType();
    await enqueue(type);
    const [lease] = await claim(type);
    const failed = await settle(lease as Lease, 'fail', {
      error: { code: 'bad', message: 'no' },
      retryable: false,
    });
    expect(failed.body.state).toBe('dead');
  });

  test('whose workers die ends dead instead of looping', async () => {
    const type = await newType({
      retry: { maxAttempts: 2, initialSeconds: 0, factor: 1, maxSeconds: 1, jitter: false },
    });
    const task = await enqueue(type);
    await claim(type, { leaseSeconds: 1 });
    await claim(type, { leaseSeconds: 1, waitSeconds: 5 });
    await new Promise((wake) => setTimeout(wake, 1_200));
    expect(await claim(type)).toEqual([]);
    const ended = await eventually(
      () => api.get(`/api/v1/tasks/${task.id}`),
      ({ body }) => body.state === 'dead',
    );
    expect(ended.body.state).toBe('dead');
  });
});

describe('a worker key', () => {
  test('works on tasks and sees nothing else', async () => {
    const key = (await api.post('/api/v1/api-keys', { name: 'worker', role: 'worker' })).body.key;
    const worker = await callerOf({ tenantId: api.tenantId, token: key });
    const type = await newType();
    await enqueue(type);
    const claimed = await worker.post('/api/v1/tasks/claim', { types: [type], workerId: 'keyed' });
    expect(claimed.body.tasks).toHaveLength(1);
    expect((await worker.get('/api/v1/contacts')).body).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await worker.put('/api/v1/task-types/x', { executor: 'worker' })).body).toMatchObject({
      code: 'forbidden',
    });
  });
});
