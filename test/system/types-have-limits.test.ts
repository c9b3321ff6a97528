import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type Api, callerOf, eventually } from './support/api.ts';

// Much here waits for leases and limits, on whatever machine this runs on.
jest.setTimeout(240_000);

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

interface Lease {
  id: string;
  leaseToken: string;
  leaseExpiresAt: string;
}

const tasks = '/api/v1/tasks';

async function newType(settings: Record<string, unknown>, count = 0): Promise<string> {
  const type = `limited-${randomUUID().slice(0, 8)}`;
  const answer = await api.put(`/api/v1/task-types/${type}`, { executor: 'worker', ...settings });
  expect(answer).toMatchObject({ status: 201 });
  for (let done = 0; done < count; done += 100) {
    const some = Array.from({ length: Math.min(100, count - done) }, () => ({ type }));
    expect(await api.post(`${tasks}/batch`, { tasks: some })).toMatchObject({ status: 200 });
  }
  return type;
}

const claim = async (types: string[], more: Record<string, unknown> = {}): Promise<Lease[]> => {
  const answer = await api.post(`${tasks}/claim`, { types, workerId: 'w', ...more });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.tasks;
};
const complete = ({ id, leaseToken }: Lease) => api.post(`${tasks}/${id}/complete`, { leaseToken });
const pause = (millis: number) => new Promise((wake) => setTimeout(wake, millis));

describe('concurrency', () => {
  test.concurrent('is never exceeded by six claimers, some of whom die with their lease', async () => {
    const total = 40;
    const type = await newType({ concurrency: 3, retry: { maxAttempts: 50 } }, total);
    /** From when to when each lease was surely held, epoch milliseconds. */
    const held: { from: number; to: number }[] = [];
    const done = new Set<string>();
    const until = Date.now() + 230_000;
    let claims = 0;
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        while (done.size < total && Date.now() < until) {
          const [lease] = await claim([type], { leaseSeconds: 2, waitSeconds: 1 });
          if (!lease) continue;
          const ends = Date.parse(lease.leaseExpiresAt);
          const span = { from: Date.now(), to: ends };
          held.push(span);
          claims += 1;
          // Every tenth never answers: its slot is free again when its lease is over.
          if (claims % 10 === 0) continue;
          await pause(Math.random() * 10);
          span.to = Math.min(ends, Date.now());
          if ((await complete(lease)).status === 200) done.add(lease.id);
        }
      }),
    );
    expect(done.size).toBe(total);
    const most = held.map(({ from }) => held.filter((one) => one.from <= from && from < one.to).length);
    expect(Math.max(...most)).toBeLessThanOrEqual(3);
  });

  test.concurrent('holds one back until another is done, and wakes who waits for it', async () => {
    const type = await newType({ concurrency: 1 }, 2);
    const [first] = await claim([type], { max: 25 });
    let woken = 0;
    const waiting = claim([type], { waitSeconds: 20 }).then((leases) => {
      woken = Date.now();
      return leases;
    });
    await pause(500);
    expect(woken).toBe(0);
    await complete(first as Lease);
    const freed = Date.now();
    expect(await waiting).toHaveLength(1);
    expect(woken - freed).toBeLessThan(15_000);
  });

  test.concurrent('of one type does not hold up another, not even in the same claim', async () => {
    const full = await newType({ concurrency: 1 }, 50);
    await claim([full]);
    const other = await newType({}, 2);
    const got = await claim([full, other], { max: 25 });
    expect(got).toHaveLength(2);
    expect(await claim([other, full])).toEqual([]);
  });

  test.concurrent('counts leases of all ways to give them back', async () => {
    const type = await newType({ concurrency: 2 }, 9);
    const ways: [string, Record<string, unknown>][] = [
      ['complete', {}],
      ['fail', { error: { code: 'x', message: 'x' }, retryable: false }],
      ['release', { delaySeconds: 600 }],
    ];
    const leases = await claim([type], { max: 25 });
    expect(leases).toHaveLength(2);
    for (const [how, body] of ways) {
      const { id, leaseToken } = leases.shift() as Lease;
      expect(await api.post(`${tasks}/${id}/${how}`, { leaseToken, ...body })).toMatchObject({ status: 200 });
      const next = await claim([type], { max: 25 });
      expect(next).toHaveLength(1);
      leases.push(...next);
    }
    const [{ id, leaseToken } = { id: '', leaseToken: '' }] = leases;
    const reported = await api.post(`${tasks}/report`, {
      reports: [{ id, leaseToken, action: 'complete' }],
      claim: { types: [type], workerId: 'w', max: 25 },
    });
    expect(reported.body.tasks).toHaveLength(1);
  });

  test.concurrent('holds for a lease that is extended', async () => {
    const type = await newType({ concurrency: 1 }, 2);
    const [lease] = await claim([type], { leaseSeconds: 15 });
    const { id, leaseToken, leaseExpiresAt = '' } = lease ?? {};
    const beat = await api.post(`${tasks}/${id}/heartbeat`, { leaseToken, leaseSeconds: 60 });
    expect(beat).toMatchObject({ status: 200 });
    await pause(Date.parse(leaseExpiresAt) - Date.now() + 500);
    expect(await claim([type])).toEqual([]);
    await complete(lease as Lease);
    expect(await claim([type])).toHaveLength(1);
  });

  test.concurrent('is that of today, also for tasks from before', async () => {
    const type = await newType({ concurrency: 1 }, 4);
    expect(await claim([type], { max: 25 })).toHaveLength(1);
    const raised = await api.put(`/api/v1/task-types/${type}`, { executor: 'worker', concurrency: 3 });
    expect(raised).toMatchObject({ status: 200, body: { concurrency: 3 } });
    // Sandboxes keep a type for 30 s.
    const more: Lease[] = [];
    await eventually(
      async () => more.push(...(await claim([type], { max: 25 }))),
      (count) => count >= 2,
      60_000,
      500,
    );
    expect(more).toHaveLength(2);
    expect(await claim([type], { max: 25 })).toEqual([]);
  });
});

describe('a rate limit', () => {
  test.concurrent('is kept by claimers side by side, and all tasks get their turn', async () => {
    const type = await newType({ rateLimit: { count: 5, perSeconds: 1 } }, 25);
    const began = Date.now();
    const starts: number[] = [];
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        while (starts.length < 25 && Date.now() - began < 60_000) {
          const got = await claim([type], { max: 10, waitSeconds: 2, leaseSeconds: 600 });
          starts.push(...got.map(() => Date.now()));
        }
      }),
    );
    expect(starts).toHaveLength(25);
    // Five at once, and five a second from then on.
    const seconds = ((starts.at(-1) as number) - began) / 1_000;
    expect(seconds).toBeGreaterThanOrEqual(3.9);
    for (const at of starts) {
      const within = starts.filter((other) => other <= at).length;
      expect(within).toBeLessThanOrEqual(5 + Math.ceil(((at - began) / 1_000) * 5) + 1);
    }
  });

  test.concurrent('that is used up leaves other types alone', async () => {
    const type = await newType({ rateLimit: { count: 1, perSeconds: 86_400 } }, 3);
    expect(await claim([type], { max: 25 })).toHaveLength(1);
    const other = await newType({}, 1);
    expect(await claim([type, other], { max: 25 })).toHaveLength(1);
    expect(await claim([type])).toEqual([]);
  });
});

describe('a queue in shards', () => {
  test.concurrent('gives every task once, to several claimers at once, also those from before it had shards', async () => {
    const type = await newType({}, 60);
    await api.put(`/api/v1/task-types/${type}`, { executor: 'worker', readyShards: 6 });
    const enqueue = async () => {
      const answer = await api.post(`${tasks}/batch`, {
        tasks: Array.from({ length: 60 }, (_, at) => ({ type, ...(at % 4 === 0 && { delaySeconds: 1 }) })),
      });
      expect(answer).toMatchObject({ status: 200 });
    };
    await enqueue();
    const seen: string[] = [];
    const until = Date.now() + 80_000;
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        // A sandbox may know the type without its shards for 30 s.
        while (seen.length < 120 && Date.now() < until) {
          const got = await claim([type], { max: 7, leaseSeconds: 600 });
          seen.push(...got.map(({ id }) => id));
          if (got.length === 0) await pause(500);
        }
      }),
    );
    expect(seen).toHaveLength(120);
    expect(new Set(seen).size).toBe(120);
  });
});
