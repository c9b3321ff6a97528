import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Api, callerOf, eventually, sharedStack } from './support/api.ts';

jest.setTimeout(120_000);

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

async function newType(): Promise<string> {
  const name = `type-${randomUUID().slice(0, 8)}`;
  expect((await api.put(`/api/v1/task-types/${name}`, { retry: { maxAttempts: 1 } })).status).toBe(201);
  return name;
}

async function enqueue(type: string, more: Record<string, unknown> = {}): Promise<string> {
  const answer = await api.post('/api/v1/tasks', { type, ...more });
  expect(answer.summary).toContain('→ 201');
  return answer.body.id;
}

const patch = (id: string, body: object, headers?: Record<string, string>) =>
  api.patch(`/api/v1/tasks/${id}`, body, headers);

async function claim(type: string, max = 1): Promise<{ id: string; leaseToken: string }[]> {
  const answer = await api.post('/api/v1/tasks/claim', { types: [type], workerId: 'w', max });
  expect(answer.summary).toContain('→ 200');
  return answer.body.tasks;
}

const idsBy = async (query: string): Promise<string[]> =>
  (await api.get(`/api/v1/tasks?${query}`)).body.data.map(({ id }: { id: string }) => id);

const hence = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
const until = (time: string) =>
  new Promise((wake) => setTimeout(wake, Math.max(0, Date.parse(time) + 50 - Date.now())));
describe('a patch of a task', () => {
  test.concurrent('says something else of a to-do, and moves it between the lists', async () => {
    const { id: contactId } = (await api.post('/api/v1/contacts', { name: 'Ada' })).body;
    const contact = { type: 'contact', id: contactId };
    const id = await enqueue('todo', { title: 'Call', assigneeId: 'ada', about: contact });
    const dueAt = '2030-01-01T09:00:00.000Z';
    const answer = await patch(id, { title: 'Write', assigneeId: 'grace', dueAt, about: null });
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"v2"']);
    expect(answer.body).toMatchObject({
      title: 'Write',
      assigneeId: 'grace',
      dueAt,
      about: null,
      version: 2,
    });
    expect(await idsBy('assigneeId=ada')).not.toContain(id);
    expect(await idsBy('assigneeId=grace')).toEqual([id]);
    expect(await idsBy(`about=contact:${contact.id}`)).not.toContain(id);
    const back = await patch(id, { assigneeId: null, about: contact });
    expect(back.body).toMatchObject({ title: 'Write', assigneeId: null, about: contact, version: 3 });
    expect(await idsBy('assigneeId=grace')).toEqual([]);
    expect(await idsBy(`about=contact:${contact.id}`)).toContain(id);
  });

  test.concurrent('is refused when the task has moved on, and changes nothing when it says nothing new', async () => {
    const id = await enqueue('todo', { title: 'Call' });
    expect((await patch(id, { title: 'Call' })).body.version).toBe(1);
    expect((await patch(id, {})).body.version).toBe(1);
    expect((await patch(id, { title: 'Write' }, { 'if-match': '"v1"' })).body.version).toBe(2);
    const stale = await patch(id, { title: 'Sing' }, { 'if-match': '"v1"' });
    expect([stale.status, stale.body]).toMatchObject([
      412,
      { code: 'precondition_failed', currentVersion: 2 },
    ]);
  });

  test.concurrent('is not lost among many at once', async () => {
    const id = await enqueue('todo');
    const bodies = [{ title: 'x' }, { assigneeId: 'y' }, { dueAt: hence(60) }, { priority: 5 }];
    const answers = await Promise.all(bodies.map((body) => patch(id, body)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const task = (await api.get(`/api/v1/tasks/${id}`)).body;
    expect(task).toMatchObject({ title: 'x', assigneeId: 'y', priority: 5, version: 5 });
  });

  test.concurrent('of the priority moves the task in its queue, from when it was ready', async () => {
    const type = await newType();
    const ids: string[] = [];
    for (let at = 0; at < 4; at += 1) ids.push(await enqueue(type));
    await patch(ids[2] as string, { priority: 10 });
    await patch(ids[0] as string, { priority: -1 });
    // Back where it was: third, not last.
    await patch(ids[1] as string, { priority: 7 });
    await patch(ids[1] as string, { priority: 0 });
    expect((await claim(type, 4)).map(({ id }) => ids.indexOf(id))).toEqual([2, 1, 3, 0]);
  });

  test.concurrent('of the start puts a task off and brings it forward', async () => {
    const type = await newType();
    const id = await enqueue(type);
    const later = hence(3_600);
    expect((await patch(id, { runAt: later })).body).toMatchObject({ state: 'scheduled', runAt: later });
    expect(await claim(type)).toEqual([]);
    expect(await idsBy(`type=${type}&state=scheduled`)).toEqual([id]);
    expect((await patch(id, { runAt: null })).body).toMatchObject({ state: 'ready', runAt: null });
    expect((await claim(type)).map((lease) => lease.id)).toEqual([id]);
    const soon = await enqueue(type, { delaySeconds: 3_600 });
    await patch(soon, { runAt: hence(1) });
    const leases = await eventually(
      () => claim(type),
      (tasks) => tasks.length > 0,
    );
    expect(leases.map((lease) => lease.id)).toEqual([soon]);
  });

  test.concurrent('of a time sets what ends the task, or takes it back', async () => {
    const type = await newType();
    const end = hence(6);
    const [ending, living] = [await enqueue(type), await enqueue(type, { startBy: end })];
    expect((await patch(ending, { deadline: end })).body.deadline).toBe(end);
    expect((await patch(living, { startBy: null })).body.startBy).toBeNull();
    await until(end);
    expect((await claim(type, 2)).map(({ id }) => id)).toEqual([living]);
    expect((await api.get(`/api/v1/tasks/${ending}`)).body.state).toBe('expired');
  });

  test.concurrent('of a blocked task holds once it is let go', async () => {
    const type = await newType();
    const parent = await enqueue('todo');
    const [first, second] = [
      await enqueue(type, { dependsOn: [parent] }),
      await enqueue(type, { dependsOn: [parent] }),
    ];
    expect((await patch(second, { priority: 50, title: 'urgent' })).body.state).toBe('blocked');
    expect((await patch(first, { runAt: hence(3_600) })).body.state).toBe('blocked');
    await api.post(`/api/v1/tasks/${parent}/complete`, {});
    const state = async (id: string) => (await api.get(`/api/v1/tasks/${id}`)).body.state;
    const states = await eventually(
      () => Promise.all([first, second].map(state)),
      (now) => !now.includes('blocked'),
    );
    expect(states).toEqual(['scheduled', 'ready']);
  });

  test.concurrent('of a task that is worked on changes what it says, not how it is done', async () => {
    const type = await newType();
    const id = await enqueue(type);
    const [lease] = await claim(type);
    for (const body of [
      { priority: 1 },
      { runAt: hence(60) },
      { deadline: hence(60) },
      { startBy: hence(60) },
    ]) {
      const refused = await patch(id, { title: 'x', ...body });
      const pointer = `/${Object.keys(body)[0]}`;
      expect([refused.status, refused.body]).toMatchObject([
        409,
        { code: 'invalid_transition', state: 'claimed', errors: [{ pointer }] },
      ]);
    }
    expect((await patch(id, { title: 'x', assigneeId: 'ada' })).body).toMatchObject({
      title: 'x',
      state: 'claimed',
    });
    const beat = await api.post(`/api/v1/tasks/${id}/heartbeat`, { leaseToken: lease?.leaseToken });
    expect(beat.status).toBe(200);
    const done = await api.post(`/api/v1/tasks/${id}/complete`, { leaseToken: lease?.leaseToken });
    expect(done.body).toMatchObject({ state: 'completed', title: 'x' });
    expect((await patch(id, { title: 'done' })).body).toMatchObject({ state: 'completed', title: 'done' });
    expect((await patch(id, { priority: 9 })).body).toMatchObject({
      code: 'invalid_transition',
      state: 'completed',
    });
    expect(await claim(type)).toEqual([]);
  });

  test.concurrent.each<[string, object, string]>([
    ['an unknown member', { state: 'completed' }, '/state'],
    ['another type', { type: 'x' }, '/type'],
    ['a priority of null', { priority: null }, '/priority'],
    ['a priority out of range', { priority: 101 }, '/priority'],
    ['a deadline in the past', { deadline: '2020-01-01T00:00:00Z' }, '/deadline'],
    ['a deadline before the start', { runAt: hence(7_200), deadline: hence(3_600) }, '/deadline'],
    ['a start after the deadline that it has', { runAt: '2040-01-01T00:00:00Z' }, '/runAt'],
    [
      'an id of another kind',
      { about: { type: 'contact', id: 'com_01JD0000000000000000000000' } },
      '/about/id',
    ],
    ['a record that is not there', { about: { type: 'contact', id: `con_${'0'.repeat(26)}` } }, '/about/id'],
    ['half of a record', { about: { type: 'contact' } }, '/about/id'],
    ['an empty title', { title: '' }, '/title'],
  ])('refuses %s', async (_, body, pointer) => {
    const id = await enqueue('todo', { deadline: '2039-01-01T00:00:00Z' });
    const answer = await patch(id, body);
    expect([answer.status, answer.body.errors?.[0]]).toMatchObject([422, { pointer }]);
    expect((await api.get(`/api/v1/tasks/${id}`)).body.version).toBe(1);
  });

  test.concurrent('is about a record of its own tenant, as it is from the start', async () => {
    const other = await callerOf();
    const { id } = (await other.post('/api/v1/companies', { name: 'Theirs' })).body;
    const body = { type: 'todo', about: { type: 'company', id } };
    const code = 'unknown_reference';
    expect(await other.post('/api/v1/tasks', body)).toMatchObject({ status: 201 });
    expect(await api.post('/api/v1/tasks', body)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/about/id', code }] },
    });
    const tasks = [{ type: 'todo' }, body];
    expect((await api.post('/api/v1/tasks/batch', { tasks })).body.results).toMatchObject([
      { status: 201 },
      { status: 422, problem: { errors: [{ pointer: '/tasks/1/about/id', code }] } },
    ]);
    expect(await api.post('/api/v1/tasks/batch', { tasks, atomic: true })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/tasks/1/about/id', code }] },
    });
  });

  test.concurrent('is the same over GraphQL, where tasks depend on others as well', async () => {
    const graphql = async (query: string, variables: object) =>
      (await api.call('POST', sharedStack().graphqlUrl, { body: { query, variables } })).body;
    const parent = await enqueue('todo');
    const input = { type: 'todo', title: 'Call', dependsOn: [parent], onDependencyFailure: 'block' };
    const made = await graphql(
      'mutation ($input: TaskInput!) { createTask(input: $input) { id state dependsOn onDependencyFailure } }',
      { input },
    );
    const task = made.data.createTask;
    expect(task).toMatchObject({ state: 'blocked', dependsOn: [parent], onDependencyFailure: 'block' });
    const update =
      'mutation ($id: ID!, $input: TaskPatch!) { updateTask(id: $id, input: $input, expectedVersion: 1) { title assigneeId version } }';
    const patched = await graphql(update, { id: task.id, input: { title: null, assigneeId: 'ada' } });
    expect(patched).toEqual({ data: { updateTask: { title: null, assigneeId: 'ada', version: 2 } } });
    const stale = await graphql(update, { id: task.id, input: { title: 'x' } });
    expect(stale.errors).toMatchObject([{ errorType: 'precondition_failed' }]);
  });

  test.concurrent('is for those who may write tasks, each in their tenant', async () => {
    const id = await enqueue('todo');
    const viewer = await api.as('viewer');
    expect((await viewer.patch(`/api/v1/tasks/${id}`, { title: 'x' })).status).toBe(403);
    expect((await (await callerOf()).patch(`/api/v1/tasks/${id}`, { title: 'x' })).status).toBe(404);
  });
});

describe('a dedupe key', () => {
  test.concurrent('has one living task, whatever fifty callers do at once', async () => {
    const type = await newType();
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => api.post('/api/v1/tasks', { type, dedupeKey: 'k' })),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(49);
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      // The next round finds the key with a task that has ended.
      const [lease] = await claim(type);
      await api.post(`/api/v1/tasks/${lease?.id}/complete`, { leaseToken: lease?.leaseToken });
    }
    expect(await idsBy(`type=${type}`)).toHaveLength(3);
  });

  test.concurrent.each<[string, object, boolean]>([
    ['latest start has passed', { startBy: 'soon' }, false],
    ['deadline has passed', { deadline: 'soon' }, false],
    ['deadline has passed while it was worked on', { deadline: 'soon' }, true],
    ['last lease has ended', { leaseSeconds: 1 }, true],
  ])('is free at once when the %s, before the clock has looked', async (_, given, claimed) => {
    const type = await newType();
    const { leaseSeconds, ...times } = given as Record<string, unknown>;
    const end = hence(6);
    const body = Object.fromEntries(Object.keys(times).map((name) => [name, end]));
    const first = await enqueue(type, { ...body, dedupeKey: 'k' });
    if (claimed) {
      const claims = {
        types: [type],
        workerId: 'w',
        ...(leaseSeconds ? { leaseSeconds } : { leaseSeconds: 60 }),
      };
      expect((await api.post('/api/v1/tasks/claim', claims)).body.tasks).toHaveLength(1);
    }
    await until(leaseSeconds ? hence(1) : end);
    const answers = await Promise.all([
      api.post('/api/v1/tasks', { type, dedupeKey: 'k' }),
      api.post('/api/v1/tasks', { type, dedupeKey: 'k' }),
      api.post('/api/v1/tasks/batch', { tasks: [{ type, dedupeKey: 'k' }] }),
    ]);
    const ids = answers.map(({ body: { id, results } }) => id ?? results[0].data.id);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).not.toBe(first);
    const ended = (await api.get(`/api/v1/tasks/${first}`)).body;
    expect(['expired', 'dead']).toContain(ended.state);
    expect(ended.endedAt).not.toBeNull();
  });

  test.concurrent('of a task that is over is free for an atomic batch and for a retry', async () => {
    const type = await newType();
    const overdue = async () => {
      const startBy = hence(6);
      await enqueue(type, { dedupeKey: 'k', startBy });
      await until(startBy);
    };
    await overdue();
    const batch = await api.post('/api/v1/tasks/batch', {
      tasks: [{ type, dedupeKey: 'k' }, { type }],
      atomic: true,
    });
    expect(batch.status).toBe(200);
    const made = batch.body.results[0].data.id;
    await api.post(`/api/v1/tasks/${made}/cancel`, {});
    await overdue();
    const retried = await api.post(`/api/v1/tasks/${made}/retry`, {});
    expect(retried.summary).toContain('→ 200');
  });

  test.concurrent.each([true, false])(
    'that two tasks of a batch have makes one task (atomic: %s)',
    async (atomic) => {
      const type = await newType();
      const answer = await api.post('/api/v1/tasks/batch', {
        tasks: [
          { type, dedupeKey: 'k', input: 1 },
          { type, dedupeKey: 'k', input: 2 },
          { type, dedupeKey: 'k', input: 3 },
          { type, dedupeKey: 'other' },
        ],
        atomic,
      });
      expect(answer.status).toBe(200);
      const { results } = answer.body;
      expect(results.map(({ status }: { status: number }) => status)).toEqual([201, 200, 200, 201]);
      expect(results.map(({ data }: { data: { input: unknown } }) => data.input)).toEqual([1, 1, 1, null]);
      expect(new Set(results.map(({ data }: { data: { id: string } }) => data.id)).size).toBe(2);
    },
  );
});

describe('a patch of what is fixed', () => {
  test.concurrent.each(['maxAttempts', 'input', 'dedupeKey', 'state'])(
    '%s says that it cannot be changed',
    async (name) => {
      const task = await api.post('/api/v1/tasks', { type: 'todo', title: 'Stays as it is' });
      const refused = await patch(task.body.id, { [name]: 3 });
      expect([refused.summary, refused.status]).toEqual([refused.summary, 422]);
      expect(refused.body.errors).toEqual([
        { pointer: `/${name}`, code: 'read_only', message: 'cannot be changed by a patch' },
      ]);
    },
  );
});
