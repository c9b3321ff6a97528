import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  hasEnded,
  isAllowed,
  type TaskState,
  type TransitionName,
  taskStates,
  transitions,
} from '../../functions/tasks/lifecycle/state-machine.ts';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

interface Subject {
  id: string;
  type: string;
  /** Of its latest lease; of nobody's when it never had one. */
  leaseToken: string;
  before: { state: TaskState; version: number };
}

const tasks = '/api/v1/tasks';
const error = { code: 'x', message: 'x' };
const soon = (millis: number) => new Date(Date.now() + millis).toISOString();

async function newType(settings: Record<string, unknown> = {}): Promise<string> {
  const type = `state-${randomUUID().slice(0, 8)}`;
  const answer = await api.put(`/api/v1/task-types/${type}`, { executor: 'worker', ...settings });
  if (answer.status !== 201) throw new Error(answer.summary);
  return type;
}

async function enqueue(type: string, more: Record<string, unknown> = {}) {
  const answer = await api.post(tasks, { type, ...more });
  if (answer.status !== 201) throw new Error(answer.summary);
  return answer.body as { id: string; state: TaskState; version: number };
}

const get = async (id: string) => (await api.get(`${tasks}/${id}`)).body;
const claim = async (type: string, more: Record<string, unknown> = {}) =>
  (await api.post(`${tasks}/claim`, { types: [type], workerId: 'w', ...more })).body.tasks as {
    id: string;
    leaseToken: string;
    attempt: number;
  }[];
const act = (id: string, call: string, body: Record<string, unknown> = {}) =>
  api.post(`${tasks}/${id}/${call}`, body);

/** Brings a task of its own type into a state. */
async function taskIn(state: TaskState, executor: 'worker' | 'person'): Promise<Subject> {
  const type = await newType({ executor });
  const foreign = 'AAAAAAAAAAAAAAAAAAAAAA.1.1.5.0.1...state';
  let leaseToken = foreign;
  const lease = async () => {
    const [taken] = await claim(type);
    if (!taken) throw new Error('nothing to claim');
    leaseToken = taken.leaseToken;
    return taken.id;
  };
  const make = async (): Promise<string> => {
    switch (state) {
      case 'scheduled':
        return (await enqueue(type, { delaySeconds: 3_600 })).id;
      case 'blocked':
        return (await enqueue(type, { dependsOn: [(await enqueue('todo', { delaySeconds: 3_600 })).id] })).id;
      case 'ready':
        return (await enqueue(type)).id;
      case 'cancelled': {
        const { id } = await enqueue(type);
        await act(id, 'cancel');
        return id;
      }
      case 'completed': {
        const { id } = await enqueue(type);
        if (executor === 'worker') await lease();
        await act(id, 'complete', executor === 'worker' ? { leaseToken } : {});
        return id;
      }
      case 'claimed':
        await enqueue(type);
        return lease();
      case 'dead': {
        const { id } = await enqueue(type);
        await lease();
        await act(id, 'fail', { leaseToken, error, retryable: false });
        return id;
      }
      case 'expired': {
        const startBy = soon(5_000);
        const { id } = await enqueue(type, { startBy });
        await until(startBy);
        await eventually(
          () => claimPassed(type, id),
          (task) => task.state === 'expired',
        );
        return id;
      }
    }
  };
  const id = await make();
  const { version, state: reached } = await get(id);
  if (reached !== state) throw new Error(`wanted a task that is ${state} and it is ${reached}`);
  return { id, type, leaseToken, before: { state, version } };
}

const until = (time: string) =>
  new Promise((wake) => setTimeout(wake, Math.max(0, Date.parse(time) + 50 - Date.now())));

/** A claim ends what is past its latest start; it must not come before that. */
async function claimPassed(type: string, id: string) {
  await claim(type);
  return get(id);
}

/** What a refusal of a call looks like. */
const refusals = { lease: [409, 'lease_lost'], transition: [409, 'invalid_transition'] } as const;

interface Call {
  transition: (state: TaskState) => TransitionName;
  run(subject: Subject): Promise<Answer>;
  refused: readonly [number, string];
  /** States in which the very same call has brought the task there: it is answered again and changes nothing. */
  repeats?: TaskState[];
}

const workerCalls: Record<string, Call> = {
  heartbeat: {
    transition: () => 'heartbeat',
    run: ({ id, leaseToken }) => act(id, 'heartbeat', { leaseToken }),
    refused: refusals.lease,
  },
  complete: {
    transition: () => 'complete',
    run: ({ id, leaseToken }) => act(id, 'complete', { leaseToken, result: 1 }),
    refused: refusals.lease,
    repeats: ['completed'],
  },
  fail: {
    transition: () => 'fail',
    run: ({ id, leaseToken }) => act(id, 'fail', { leaseToken, error }),
    refused: refusals.lease,
    repeats: ['dead'],
  },
  release: {
    transition: () => 'release',
    run: ({ id, leaseToken }) => act(id, 'release', { leaseToken }),
    refused: refusals.lease,
  },
  cancel: {
    transition: (state) => (state === 'claimed' ? 'requestCancel' : 'cancel'),
    run: ({ id }) => act(id, 'cancel'),
    refused: refusals.transition,
    repeats: ['cancelled'],
  },
  retry: {
    transition: () => 'retry',
    run: ({ id }) => act(id, 'retry'),
    refused: refusals.transition,
  },
  'complete without a token': {
    transition: () => 'completeByHand',
    run: ({ id }) => act(id, 'complete'),
    refused: [422, 'validation_failed'],
  },
};

const personCalls: Record<string, Call> = {
  complete: {
    transition: () => 'completeByHand',
    run: ({ id }) => act(id, 'complete', { result: 1 }),
    refused: refusals.transition,
    repeats: ['completed'],
  },
  cancel: workerCalls.cancel as Call,
  retry: {
    transition: (state) => (state === 'completed' ? 'reopen' : 'retry'),
    run: ({ id }) => act(id, 'retry'),
    refused: refusals.transition,
  },
};

/** Runs the call on a task in the state and compares with the table. */
async function holds(state: TaskState, name: string, call: Call, executor: 'worker' | 'person') {
  const subject = await taskIn(state, executor);
  const answer = await call.run(subject);
  const { state: after, version } = await get(subject.id);
  const transition = call.transition(state);
  const byHand = transition === 'completeByHand' && executor === 'worker';
  const seen = { state, call: name, status: answer.status, code: answer.body.code, after };
  if (isAllowed(transition, state) && !byHand) {
    expect(seen).toEqual({ state, call: name, status: 200, code: undefined, after });
    expect(transitions[transition].to).toContain(after);
    expect(version).toBeGreaterThan(subject.before.version);
  } else if (call.repeats?.includes(state)) {
    expect(seen).toEqual({ state, call: name, status: 200, code: undefined, after: state });
    expect(version).toBe(subject.before.version);
  } else {
    const [status, code] = call.refused;
    expect(seen).toEqual({ state, call: name, status, code, after: state });
    expect(version).toBe(subject.before.version);
  }
}

describe.each([...taskStates])('a task that is %s', (state) => {
  test.concurrent('does what the table says, whatever a worker calls', async () => {
    await Promise.all(Object.entries(workerCalls).map(([name, call]) => holds(state, name, call, 'worker')));
  }, 90_000);

  test.concurrent('is claimed only when the table says so and its time has come', async () => {
    const subject = await taskIn(state, 'worker');
    const taken = await claim(subject.type, { max: 25 });
    const { state: after } = await get(subject.id);
    // A scheduled one is not due and a claimed one has its lease.
    const claimable = isAllowed('claim', state) && state === 'ready';
    expect(taken.map(({ id }) => id)).toEqual(claimable ? [subject.id] : []);
    expect(after).toBe(claimable ? 'claimed' : state);
  }, 60_000);
});

describe.each(['scheduled', 'blocked', 'ready', 'completed', 'cancelled'] as const)(
  'a to-do that is %s',
  (state) => {
    test.concurrent('does what the table says, whatever a person calls', async () => {
      await Promise.all(
        Object.entries(personCalls).map(([name, call]) => holds(state, name, call, 'person')),
      );
    }, 60_000);
  },
);

describe('guards', () => {
  const retry = { maxAttempts: 4, initialSeconds: 100, factor: 3, maxSeconds: 250 };

  /** Fails the attempt and makes the next one possible at once, by hand of the answer. */
  async function waits(type: string, id: string, attempts: number): Promise<number[]> {
    const seconds: number[] = [];
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const [lease] = await claim(type, { waitSeconds: 10 });
      expect(lease).toMatchObject({ id, attempt });
      const failed = await act(id, 'fail', { leaseToken: lease?.leaseToken, error });
      const { state, runAt, updatedAt } = failed.body;
      if (state === 'scheduled') seconds.push((Date.parse(runAt) - Date.parse(updatedAt)) / 1_000);
      else expect(state).toBe('dead');
    }
    return seconds;
  }

  test.concurrent('backoff without jitter grows by its factor up to its limit', async () => {
    const type = await newType({
      retry: { ...retry, initialSeconds: 1, factor: 2, maxSeconds: 3, jitter: false },
    });
    const { id } = await enqueue(type);
    const seconds = await waits(type, id, 4);
    // The fourth attempt was the last.
    expect(seconds).toEqual([1, 2, 3]);
    expect((await get(id)).state).toBe('dead');
  }, 60_000);

  test.concurrent('backoff with jitter lies between half of it and all of it', async () => {
    const type = await newType({ retry: { ...retry, jitter: true } });
    for (let round = 0; round < 5; round += 1) {
      const { id } = await enqueue(type);
      const [wait = 0] = await waits(type, id, 1);
      expect(wait).toBeGreaterThanOrEqual(50);
      expect(wait).toBeLessThanOrEqual(100);
    }
  }, 30_000);

  test.concurrent("a task's own maxAttempts goes before its type's, and retryAfterSeconds before the backoff", async () => {
    const type = await newType({ retry });
    const { id } = await enqueue(type, { maxAttempts: 2 });
    const [first] = await claim(type);
    const failed = await act(id, 'fail', { leaseToken: first?.leaseToken, error, retryAfterSeconds: 1 });
    expect(failed.body).toMatchObject({ state: 'scheduled', attempt: 1, maxAttempts: 2 });
    const [second] = await claim(type, { waitSeconds: 10 });
    expect(second?.attempt).toBe(2);
    const last = await act(id, 'fail', { leaseToken: second?.leaseToken, error, retryAfterSeconds: 1 });
    expect(last.body).toMatchObject({ state: 'dead', error });
    const again = await act(id, 'retry');
    expect(again.body).toMatchObject({ state: 'ready', attempt: 0, error: null });
    expect(await claim(type)).toMatchObject([{ id, attempt: 1 }]);
  }, 30_000);

  test.concurrent('an error that cannot be retried ends the task with attempts left', async () => {
    const type = await newType({ retry });
    const { id } = await enqueue(type);
    const [lease] = await claim(type);
    const failed = await act(id, 'fail', { leaseToken: lease?.leaseToken, error, retryable: false });
    expect(failed.body).toMatchObject({ state: 'dead', attempt: 1, maxAttempts: 4 });
  });

  test.concurrent('a cancelled lease learns of it with its heartbeat, and its task ends when it is given back', async () => {
    const type = await newType();
    for (const [how, body] of [
      ['release', {}],
      ['fail', { error }],
    ] as const) {
      const { id } = await enqueue(type);
      const [lease] = await claim(type);
      const { leaseToken } = lease ?? {};
      expect((await act(id, 'heartbeat', { leaseToken })).body.cancelRequested).toBe(false);
      expect((await act(id, 'cancel', { reason: 'enough' })).body).toMatchObject({
        state: 'claimed',
        cancelRequested: true,
      });
      expect((await act(id, 'heartbeat', { leaseToken })).body.cancelRequested).toBe(true);
      const given = await act(id, how, { leaseToken, ...body });
      expect(given.body).toMatchObject({ state: 'cancelled', reason: 'enough' });
    }
    // Who was faster than the cancellation has done the work.
    const { id } = await enqueue(type);
    const [lease] = await claim(type);
    await act(id, 'cancel');
    expect((await act(id, 'complete', { leaseToken: lease?.leaseToken })).body.state).toBe('completed');
  });

  test.concurrent('past its deadline a lease is not extended, and its task is never leased again', async () => {
    const type = await newType();
    const deadline = soon(6_000);
    const { id } = await enqueue(type, { deadline });
    const [lease] = await claim(type, { leaseSeconds: 7 });
    expect(lease?.id).toBe(id);
    await until(deadline);
    const late = await act(id, 'heartbeat', { leaseToken: lease?.leaseToken });
    expect(late.body).toMatchObject({ status: 409, code: 'lease_lost' });
    const ended = await eventually(
      async () => ({ leases: await claim(type), task: await get(id) }),
      ({ task }) => hasEnded(task.state),
    );
    expect(ended).toMatchObject({ leases: [], task: { state: 'expired' } });
  }, 30_000);

  test.concurrent('an ended lease is not extended; its result is taken once, unless another has the task', async () => {
    const type = await newType();
    const { id } = await enqueue(type);
    const [lease] = await claim(type, { leaseSeconds: 1 });
    const { leaseToken } = lease ?? {};
    await new Promise((wake) => setTimeout(wake, 1_100));
    expect((await act(id, 'heartbeat', { leaseToken })).body).toMatchObject({
      status: 409,
      code: 'lease_lost',
    });
    const late = await act(id, 'complete', { leaseToken, result: 'late' });
    expect(late.body).toMatchObject({ state: 'completed', result: 'late' });
    const again = await act(id, 'complete', { leaseToken, result: 'again' });
    expect(again.body).toMatchObject({ result: 'late', version: late.body.version });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await claim(type)).toEqual([]);
  });

  test.concurrent('an ended lease has spent its attempt, and the history says when it ended', async () => {
    const type = await newType({ retry: { ...retry, maxAttempts: 2 } });
    const { id } = await enqueue(type);
    const [first] = await claim(type, { leaseSeconds: 1, workerId: 'gone' });
    const [second] = await claim(type, { leaseSeconds: 1, waitSeconds: 10, workerId: 'gone too' });
    expect([first?.attempt, second?.attempt]).toEqual([1, 2]);
    const look = async () => {
      await claim(type);
      return get(id);
    };
    const dead = await eventually(look, ({ state }) => state === 'dead');
    expect(dead).toMatchObject({ state: 'dead', attempt: 2, error: { code: 'lease_expired' } });
    const history = await eventually(
      async () => (await api.get(`${tasks}/${id}/history`)).body.data,
      (attempts) => attempts.length === 2,
    );
    expect(history).toMatchObject([
      { attempt: 1, workerId: 'gone', outcome: 'lease_expired', endedAt: expect.any(String) },
      { attempt: 2, workerId: 'gone too', outcome: 'lease_expired', endedAt: expect.any(String) },
    ]);
  }, 30_000);
});
