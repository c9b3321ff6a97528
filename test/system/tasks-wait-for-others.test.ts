import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { fc } from '../support/property.ts';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';
import { startReceiver } from './support/receiver.ts';

// Much here waits for the stream, on whatever machine this runs on.
jest.setTimeout(120_000);

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

interface Lease {
  id: string;
  leaseToken: string;
  input: number;
  dependsOn: string[];
}

/** A new type of tasks that die of their first failure; no other test sees its tasks. */
async function newType(settings: Record<string, unknown> = {}): Promise<string> {
  const name = `type-${randomUUID().slice(0, 8)}`;
  const answer = await api.put(`/api/v1/task-types/${name}`, { retry: { maxAttempts: 1 }, ...settings });
  expect(answer.summary).toContain('→ 201');
  return name;
}

async function enqueue(type: string, more: Record<string, unknown> = {}): Promise<string> {
  const answer = await api.post('/api/v1/tasks', { type, ...more });
  expect(answer.summary).toContain('→ 201');
  return answer.body.id;
}

const get = async (id: string) => (await api.get(`/api/v1/tasks/${id}`)).body;
const act = (id: string, action: string, body: object = {}) =>
  api.post(`/api/v1/tasks/${id}/${action}`, body);

async function claim(type: string, waitSeconds = 0): Promise<Lease[]> {
  const answer = await api.post('/api/v1/tasks/claim', {
    types: [type],
    workerId: 'w',
    max: 25,
    waitSeconds,
  });
  expect(answer.summary).toContain('→ 200');
  return answer.body.tasks;
}

/** The state that a task has come to, or the last one seen. */
const comesTo = async (id: string, state: string) =>
  (
    await eventually(
      () => get(id),
      (task) => task.state === state,
      20_000,
    )
  ).state;

/** Claims a task that is or will be ready, and settles it. */
async function settle(type: string, id: string, action: 'complete' | 'fail'): Promise<void> {
  const error = { code: 'broken', message: 'as the test wants it' };
  const [lease] = await eventually(
    () => claim(type),
    (tasks) => tasks.length > 0,
    20_000,
  );
  expect(lease?.id).toBe(id);
  const { leaseToken } = lease as Lease;
  const answer = await act(id, action, { leaseToken, ...(action === 'fail' && { error, retryable: false }) });
  expect(answer.summary).toContain('→ 200');
}

function expectRefused(answer: Answer, pointer: string, code: string): void {
  expect([answer.status, answer.body]).toMatchObject([
    422,
    {
      code: 'validation_failed',
      errors: expect.arrayContaining([expect.objectContaining({ pointer, code })]),
    },
  ]);
}

describe('a task that depends on others', () => {
  test.concurrent('waits for both sides of a diamond', async () => {
    const type = await newType();
    const top = await enqueue(type);
    const [left, right] = [
      await enqueue(type, { dependsOn: [top] }),
      await enqueue(type, { dependsOn: [top] }),
    ];
    const bottom = await enqueue(type, { dependsOn: [left, right] });
    expect(await get(bottom)).toMatchObject({
      state: 'blocked',
      dependsOn: [left, right],
      onDependencyFailure: 'cancel',
    });
    expect((await api.get(`/api/v1/tasks?type=${type}&state=blocked`)).body.data).toHaveLength(3);
    await settle(type, top, 'complete');
    const seen: Lease[] = [];
    await eventually(
      async () => seen.push(...(await claim(type))),
      (count) => count === 2,
    );
    expect(seen.map(({ id }) => id).sort()).toEqual([left, right].sort());
    for (const { id, leaseToken } of seen) {
      expect((await get(bottom)).state).toBe('blocked');
      await act(id, 'complete', { leaseToken });
    }
    const [last] = await eventually(
      () => claim(type),
      (tasks) => tasks.length > 0,
    );
    expect(last).toMatchObject({ id: bottom, dependsOn: [left, right] });
  });

  test.concurrent('waits for fifty', async () => {
    const type = await newType();
    const tasks = Array.from({ length: 50 }, (_, input) => ({ type, input }));
    const made = await api.post('/api/v1/tasks/batch', { tasks });
    const dependsOn = made.body.results.map(({ data }: { data: { id: string } }) => data.id);
    const child = await enqueue(type, { dependsOn, dedupeKey: 'last' });
    const leases: Lease[] = [];
    await eventually(
      async () => leases.push(...(await claim(type))),
      (count) => count === 50,
    );
    expect(leases).toHaveLength(50);
    // All at the same time: each must count, and only the last lets it go.
    const answers = await Promise.all(
      leases.map(({ id, leaseToken }) => act(id, 'complete', { leaseToken })),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await comesTo(child, 'ready')).toBe('ready');
    expect((await get(child)).attempt).toBe(0);
  });

  test.concurrent('costs its parents nothing: neither version nor place in the queue', async () => {
    const type = await newType();
    const ids = [await enqueue(type), await enqueue(type)];
    const before = await get(ids[1] as string);
    await enqueue(type, { dependsOn: ids });
    expect(await get(ids[1] as string)).toEqual(before);
    expect((await claim(type)).map(({ id }) => id)).toEqual(ids);
  });

  test.concurrent('goes on in a chain of twenty', async () => {
    const type = await newType();
    const tasks = Array.from({ length: 20 }, (_, at) => ({
      type,
      input: at,
      ref: `t${at}`,
      ...(at > 0 && { dependsOn: [`ref:t${at - 1}`] }),
    }));
    expect((await api.post('/api/v1/tasks/batch', { tasks, atomic: true })).status).toBe(200);
    for (let at = 0; at < 20; at += 1) {
      const [lease, ...more] = await eventually(
        () => claim(type),
        (leases) => leases.length > 0,
      );
      expect([lease?.input, more]).toEqual([at, []]);
      const { id, leaseToken } = lease as Lease;
      await act(id, 'complete', { leaseToken });
    }
  });

  test.concurrent('waits for its own start afterwards', async () => {
    const type = await newType();
    const parent = await enqueue(type);
    const runAt = new Date(Date.now() + 3_600_000).toISOString();
    const child = await enqueue(type, { dependsOn: [parent], runAt });
    await settle(type, parent, 'complete');
    expect(await comesTo(child, 'scheduled')).toBe('scheduled');
    expect((await get(child)).runAt).toBe(runAt);
  });

  test.concurrent('never misses a parent that completes at the very moment it is made', async () => {
    const type = await newType();
    const children: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      const parent = await enqueue(type, { input: -1 });
      const leases = await eventually(
        () => claim(type),
        (tasks) => tasks.some(({ id }) => id === parent),
      );
      const lease = leases.find(({ id }) => id === parent) as Lease;
      const [child, done] = await Promise.all([
        enqueue(type, { dependsOn: [parent] }),
        act(parent, 'complete', { leaseToken: lease.leaseToken }),
      ]);
      expect(done.status).toBe(200);
      children.push(child);
    }
    for (const child of children) {
      const { state } = await eventually(
        () => get(child),
        (task) => task.state !== 'blocked',
        20_000,
      );
      expect(['ready', 'claimed']).toContain(state);
    }
  }, 120_000);

  test.concurrent('of a person is a to-do that shows up when its turn has come', async () => {
    const first = await enqueue('todo', { title: 'Ask' });
    const second = await enqueue('todo', { title: 'Answer', dependsOn: [first] });
    expect((await act(second, 'complete')).body).toMatchObject({
      code: 'invalid_transition',
      state: 'blocked',
    });
    await act(first, 'complete');
    expect(await comesTo(second, 'ready')).toBe('ready');
    expect((await act(second, 'complete')).body.state).toBe('completed');
  });

  test.concurrent('of a URL is called when its turn has come, and not before', async () => {
    const receiver = await startReceiver();
    try {
      const [type, pushed] = [await newType(), `push-${randomUUID().slice(0, 8)}`];
      const definition = { executor: 'http', http: { url: receiver.url } };
      expect((await api.put(`/api/v1/task-types/${pushed}`, definition)).summary).toContain('→ 201');
      const parent = await enqueue(type);
      const child = await enqueue(pushed, { dependsOn: [parent] });
      const grandchild = await enqueue(pushed, { dependsOn: [child] });
      expect(receiver.calls).toEqual([]);
      await settle(type, parent, 'complete');
      expect(await comesTo(grandchild, 'completed')).toBe('completed');
      expect(receiver.calls.map(({ body }) => body.id)).toEqual([child, grandchild]);
    } finally {
      await receiver.stop();
    }
  });

  test.concurrent('can be cancelled while it waits', async () => {
    const type = await newType();
    const parent = await enqueue(type);
    const child = await enqueue(type, { dependsOn: [parent] });
    const next = await enqueue(type, { dependsOn: [child] });
    expect((await act(child, 'cancel')).body.state).toBe('cancelled');
    expect(await comesTo(next, 'cancelled')).toBe('cancelled');
    await settle(type, parent, 'complete');
    expect((await get(child)).state).toBe('cancelled');
  });
});

describe('a parent that fails', () => {
  /** The ways to end other than completed; `expired` is what the claim finds of a latest start that has passed. */
  const failures: Record<string, (type: string) => Promise<{ id: string; fail: () => Promise<void> }>> = {
    dead: async (type) => {
      const id = await enqueue(type);
      return { id, fail: () => settle(type, id, 'fail') };
    },
    cancelled: async (type) => {
      const id = await enqueue(type);
      return { id, fail: async () => void (await act(id, 'cancel')) };
    },
    expired: async (type) => {
      const startBy = Date.now() + 5_000;
      const id = await enqueue(type, { startBy: new Date(startBy).toISOString() });
      const fail = async () => {
        await new Promise((wake) => setTimeout(wake, Math.max(0, startBy + 50 - Date.now())));
        expect(await claim(type)).toEqual([]);
      };
      return { id, fail };
    },
  };

  test.concurrent.each(Object.keys(failures))('%s: its dependents do what they declared', async (kind) => {
    const type = await newType();
    const { id, fail } = await (failures[kind] as (typeof failures)[string])(type);
    const policies = ['cancel', 'run', 'block'];
    const make = (onDependencyFailure: string) => enqueue(type, { dependsOn: [id], onDependencyFailure });
    const before = await Promise.all(policies.map(make));
    await fail();
    expect(await comesTo(id, kind)).toBe(kind);
    expect(await comesTo(before[0] as string, 'cancelled')).toBe('cancelled');
    expect(await comesTo(before[1] as string, 'ready')).toBe('ready');
    const after = await Promise.all(policies.map(make));
    for (const ids of [before, after]) {
      const states = await Promise.all(ids.map(async (child) => (await get(child)).state));
      expect(states).toEqual(['cancelled', 'ready', 'blocked']);
      expect(await get(ids[0] as string)).toMatchObject({
        reason: expect.stringContaining(id),
        error: { code: 'dependency_failed', details: { taskId: id, state: kind } },
        endedAt: expect.any(String),
      });
    }
  });

  test.concurrent('and is retried lets those go that declared block, once it completes', async () => {
    const type = await newType();
    const parent = await enqueue(type);
    const child = await enqueue(type, { dependsOn: [parent], onDependencyFailure: 'block' });
    await settle(type, parent, 'fail');
    expect((await act(parent, 'retry')).body.state).toBe('ready');
    await settle(type, parent, 'complete');
    expect(await comesTo(child, 'ready')).toBe('ready');
  });

  test.concurrent('leaves a dependent that can be retried by hand, and then holds it no longer', async () => {
    const type = await newType();
    const [failing, working] = [await enqueue(type), await enqueue(type, { delaySeconds: 3_600 })];
    const child = await enqueue(type, { dependsOn: [failing, working] });
    await settle(type, failing, 'fail');
    expect(await comesTo(child, 'cancelled')).toBe('cancelled');
    expect((await act(child, 'retry')).body.state).toBe('blocked');
    await act(working, 'cancel');
    expect(await comesTo(child, 'cancelled')).toBe('cancelled');
    expect((await act(child, 'retry')).body.state).toBe('ready');
  });
});

describe('dependsOn', () => {
  test.concurrent.each([
    ['an id that never was', () => ['task_01JD0000000000000000000000'], '/dependsOn/0', 'unknown_reference'],
    ['what is no id', () => ['../etc'], '/dependsOn/0', 'unknown_reference'],
    ['a ref outside of a batch', () => ['ref:a'], '/dependsOn/0', 'unknown_reference'],
    ['text', () => 'task_1', '/dependsOn', 'invalid_type'],
    ['a number among them', () => [1], '/dependsOn/0', 'invalid_type'],
    ['more than fifty', () => Array.from({ length: 51 }, (_, at) => `task_${at}`), '/dependsOn', 'too_many'],
  ])('refuses %s', async (_, dependsOn, pointer, code) => {
    expectRefused(await api.post('/api/v1/tasks', { type: 'todo', dependsOn: dependsOn() }), pointer, code);
  });

  test.concurrent('refuses the same one twice, an unknown policy, and the second of two unknown ones by its place', async () => {
    const id = await enqueue('todo');
    const make = (body: object) => api.post('/api/v1/tasks', { type: 'todo', ...body });
    expectRefused(await make({ dependsOn: [id, id] }), '/dependsOn/1', 'repeated');
    expectRefused(await make({ onDependencyFailure: 'panic' }), '/onDependencyFailure', 'invalid_value');
    expectRefused(await make({ dependsOn: [id, 'task_x'] }), '/dependsOn/1', 'unknown_reference');
  });

  test.concurrent('does not see tasks of another tenant, nor of types that the key may not use', async () => {
    const other = await callerOf();
    const theirs = (await other.post('/api/v1/tasks', { type: 'todo' })).body.id;
    const refused = await api.post('/api/v1/tasks', { type: 'todo', dependsOn: [theirs] });
    expectRefused(refused, '/dependsOn/0', 'unknown_reference');
    const [mine, secret] = [await newType(), await newType()];
    const key = await api.post('/api/v1/api-keys', { name: 'limited', role: 'worker', taskTypes: [mine] });
    expect(key.summary).toContain('→ 201');
    const parent = await enqueue(secret);
    const answer = await api.call('POST', '/api/v1/tasks', {
      token: key.body.key ?? key.body.token ?? key.body.secret,
      body: { type: mine, dependsOn: [parent] },
    });
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
    expect(answer.text).not.toContain(parent);
  });
});

describe('a batch', () => {
  const batch = (tasks: object[], more: object = {}, headers: Record<string, string> = {}) =>
    api.post('/api/v1/tasks/batch', { tasks, ...more }, headers);
  const idsOf = (answer: Answer): string[] =>
    answer.body.results.map(({ data }: { data?: { id: string } }) => data?.id);

  test.concurrent.each([true, false])('resolves refs, in any order (atomic: %s)', async (atomic) => {
    const type = await newType();
    const answer = await batch(
      [
        { type, ref: 'join', dependsOn: ['ref:a', 'ref:b'] },
        { type, ref: 'b', dependsOn: ['ref:a'] },
        { type, ref: 'a' },
      ],
      { atomic },
    );
    expect(answer.status).toBe(200);
    const [join, b, a] = idsOf(answer) as [string, string, string];
    const results = answer.body.results.map(({ data }: { data: object }) => data);
    expect(results).toMatchObject([
      { state: 'blocked', dependsOn: [a, b] },
      { state: 'blocked', dependsOn: [a] },
      { state: 'ready', dependsOn: [] },
    ]);
    await settle(type, a, 'complete');
    await settle(type, b, 'complete');
    await settle(type, join, 'complete');
  });

  test.concurrent.each([true, false])('refuses cycles by name (atomic: %s)', async (atomic) => {
    const type = await newType();
    const make = (tasks: object[]) => batch(tasks, { atomic });
    const cycle = await make([
      { type, ref: 'free' },
      { type, ref: 'a', dependsOn: ['ref:free', 'ref:c'] },
      { type, ref: 'b', dependsOn: ['ref:a'] },
      { type, ref: 'c', dependsOn: ['ref:b'] },
    ]);
    expectRefused(cycle, '/tasks/1/dependsOn/1', 'dependency_cycle');
    expect(cycle.text).toContain('a → c → b → a');
    const self = await make([{ type, ref: 'me', dependsOn: ['ref:me'] }]);
    expectRefused(self, '/tasks/0/dependsOn/0', 'dependency_cycle');
    const twice = await make([
      { type, ref: 'a' },
      { type, ref: 'a' },
    ]);
    expectRefused(twice, '/tasks/1/ref', 'repeated');
    expect((await api.get(`/api/v1/tasks?type=${type}`)).body.data).toEqual([]);
  });

  test.concurrent('makes what can be made, and says of the rest what was missing', async () => {
    const type = await newType();
    const answer = await batch([
      { type, ref: 'good' },
      { type: 'no-such-type', ref: 'bad' },
      { type, dependsOn: ['ref:good', 'ref:bad'] },
      { type, dependsOn: ['ref:none'] },
      { type, dependsOn: ['ref:good'] },
    ]);
    expect(answer.status).toBe(207);
    expect(answer.body.results.map(({ status }: { status: number }) => status)).toEqual([
      201, 422, 422, 422, 201,
    ]);
    const errors = answer.body.results.map(
      ({ problem }: { problem?: { errors: object[] } }) => problem?.errors[0],
    );
    expect(errors[2]).toMatchObject({ pointer: '/tasks/2/dependsOn/1', code: 'dependency_not_made' });
    expect(errors[3]).toMatchObject({ pointer: '/tasks/3/dependsOn/0', code: 'unknown_reference' });
    const whole = await batch(
      [
        { type, ref: 'good' },
        { type, dependsOn: ['ref:none'] },
      ],
      { atomic: true },
    );
    expectRefused(whole, '/tasks/1/dependsOn/0', 'unknown_reference');
  });

  test.concurrent.each([true, false])('is replayed with its graph (atomic: %s)', async (atomic) => {
    const type = await newType();
    const tasks = [
      { type, ref: 'a', input: { n: 1 } },
      { type, dependsOn: ['ref:a'], dedupeKey: 'k' },
      { type, dependsOn: ['ref:a'], dedupeKey: 'k', input: 2 },
    ];
    const headers = { 'idempotency-key': randomUUID() };
    const first = await batch(tasks, { atomic }, headers);
    expect(first.body.results.map(({ status }: { status: number }) => status)).toEqual([201, 201, 200]);
    await settle(type, idsOf(first)[0] as string, 'complete');
    const again = await batch(tasks, { atomic }, headers);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
    expect((await api.get(`/api/v1/tasks?type=${type}`)).body.data).toHaveLength(2);
  });

  test.concurrent.each([true, false])('may name one task by two refs (atomic: %s)', async (atomic) => {
    const type = await newType();
    const answer = await batch(
      [
        { type, ref: 'a', dedupeKey: 'k' },
        { type, ref: 'b', dedupeKey: 'k' },
        { type, dependsOn: ['ref:a', 'ref:b'] },
      ],
      { atomic },
    );
    const [a, b, child] = idsOf(answer) as [string, string, string];
    expect([answer.status, b]).toEqual([200, a]);
    expect(await get(child)).toMatchObject({ state: 'blocked', dependsOn: [a] });
    await settle(type, a, 'complete');
    await settle(type, child, 'complete');
  });

  test.concurrent('of a hundred tasks is one transaction, however they hang together', async () => {
    const type = await newType();
    const tasks = Array.from({ length: 100 }, (_, at) => ({
      type,
      ref: `${at}`,
      dependsOn: Array.from({ length: Math.min(at, 20) }, (_, back) => `ref:${at - 1 - back}`),
    }));
    expect((await batch(tasks, { atomic: true })).status).toBe(200);
    const keyed = await batch(tasks, { atomic: true }, { 'idempotency-key': randomUUID() });
    expectRefused(keyed, '/tasks', 'too_many');
    expect(keyed.body.detail).toContain('100 for tasks, 1 for Idempotency-Key');
  });

  test.concurrent('of any shape ends as the policies say', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            parents: fc.uniqueArray(fc.nat(6), { maxLength: 3 }),
            policy: fc.constantFrom('cancel', 'run', 'block'),
            outcome: fc.constantFrom('complete', 'complete', 'complete', 'fail'),
          }),
          { minLength: 3, maxLength: 7 },
        ),
        fc.boolean(),
        async (nodes, atomic) => {
          const type = await newType();
          const graph = nodes.map((node, at) => ({ ...node, parents: node.parents.filter((to) => to < at) }));
          const tasks = graph.map(({ parents, policy }, at) => ({
            type,
            input: at,
            ref: `n${at}`,
            dependsOn: parents.map((to) => `ref:n${to}`),
            onDependencyFailure: policy,
          }));
          // Parents behind their children as well: the order of the request must not matter.
          const answer = await batch(tasks.toReversed(), { atomic });
          expect(answer.status).toBe(200);
          const ids = idsOf(answer).toReversed();
          const expected = predicted(graph);
          const states = await eventually(
            async () => {
              for (const { id, leaseToken, input } of await claim(type)) {
                const failing = graph[input]?.outcome === 'fail';
                const error = { code: 'broken', message: 'as drawn' };
                await act(id, failing ? 'fail' : 'complete', { leaseToken, ...(failing && { error }) });
              }
              return Promise.all(ids.map(async (id) => (await get(id)).state));
            },
            (now) => now.join() === expected.join(),
            20_000,
          );
          expect(states).toEqual(expected);
        },
      ),
      { numRuns: 4 },
    );
  }, 300_000);
});

/** Where each task ends: by its own outcome once nothing holds it, by its policy when a parent fails. */
function predicted(graph: { parents: number[]; policy: string; outcome: string }[]): string[] {
  const states: string[] = [];
  for (const { parents, policy, outcome } of graph) {
    const of = parents.map((to) => states[to]);
    const failed = of.some((state) => state === 'dead' || state === 'cancelled');
    const held = of.some((state) => state === 'blocked') || (failed && policy === 'block');
    const own = outcome === 'fail' ? 'dead' : 'completed';
    states.push(failed && policy === 'cancel' ? 'cancelled' : held ? 'blocked' : own);
  }
  return states;
}
