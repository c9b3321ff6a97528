import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually } from './support/api.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';

/** The clock ticks once a minute; everything that waits for it waits here, at the same time. */
const tick = 150_000;
const pace = 500;

let api: Api;
let receiver: Receiver;

const path = (name: string) => `/api/v1/task-schedules/${name}`;
const get = async (id: string) => (await api.get(`/api/v1/tasks/${id}`)).body;

beforeAll(async () => {
  api = await callerOf();
  receiver = await startReceiver();
  const types = { pulse: {}, late: {}, called: { executor: 'http', http: { url: receiver.url } } };
  for (const [name, settings] of Object.entries(types)) {
    expect((await api.put(`/api/v1/task-types/${name}`, settings)).status).toBe(201);
  }
});

afterAll(async () => {
  for (const name of ['each-minute', 'called']) await api.del(path(name));
  await receiver?.stop();
});

test.concurrent('the clock makes a task at each of its times', async () => {
  const every = {
    type: 'pulse',
    input: 123,
    cron: '* * * * *',
    overlap: 'queue',
    title: 'Pulse',
    priority: 3,
  };
  expect((await api.put(path('each-minute'), every)).status).toBe(201);
  const list = () => api.get('/api/v1/tasks?type=pulse');
  const made = await eventually(list, ({ body }) => body.data.length > 0, tick, pace);
  expect([made.summary, made.body.data.length > 0]).toEqual([made.summary, true]);
  const task = await get(made.body.data[0].id);
  expect(task).toMatchObject({
    type: 'pulse',
    state: 'ready',
    title: 'Pulse',
    priority: 3,
    input: 123,
    createdBy: 'system',
    schedule: { name: 'each-minute', at: expect.stringMatching(/:00\.000Z$/) },
  });
  const schedule = await eventually(
    () => api.get(path('each-minute')),
    ({ body }) => body.madeCount > 0,
  );
  expect(schedule.body.madeCount).toBeGreaterThan(0);
  expect(Date.parse(schedule.body.nextRunAt)).toBeGreaterThan(Date.parse(task.schedule.at));
  const times = (await list()).body.data.map(({ schedule: { at } }: { schedule: { at: string } }) => at);
  expect(new Set(times).size).toBe(times.length);
  const claimed = await api.post('/api/v1/tasks/claim', { types: ['pulse'], workerId: 'w' });
  expect(claimed.body.tasks).toHaveLength(1);
}, 180_000);

test.concurrent('a task of a URL is sent there when its time has come', async () => {
  const pushed = { type: 'called', input: 'now', cron: '* * * * *' };
  expect((await api.put(path('called'), pushed)).status).toBe(201);
  const calls = await eventually(
    async () => receiver.calls,
    (received) => received.length > 0,
    tick,
    pace,
  );
  expect(calls[0]?.body).toMatchObject({ type: 'called', input: 'now' });
  const done = await eventually(
    () => get(calls[0]?.body.id),
    ({ state }) => state === 'completed',
  );
  expect(done).toMatchObject({ state: 'completed', schedule: { name: 'called' } });
}, 180_000);

test.concurrent('the time of a task passes while it is blocked', async () => {
  const enqueue = async (more: object): Promise<string> =>
    (await api.post('/api/v1/tasks', { type: 'late', ...more })).body.id;
  const parent = await enqueue({ delaySeconds: 3_600 });
  const soon = new Date(Date.now() + 8_000).toISOString();
  const startBy = await enqueue({ dependsOn: [parent], startBy: soon });
  const deadline = await enqueue({ dependsOn: [parent], deadline: soon });
  const child = await enqueue({ dependsOn: [deadline] });
  const ends = await eventually(
    () => Promise.all([startBy, deadline, child].map(async (id) => (await get(id)).state)),
    (states) => !states.includes('blocked'),
    tick,
    pace,
  );
  expect(ends).toEqual(['expired', 'expired', 'cancelled']);
}, 180_000);
