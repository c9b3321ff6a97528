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
}

const path = '/api/v1/tasks/report';

/** A new type with tasks that are all leased. */
async function leased(count: number, settings: Record<string, unknown> = {}) {
  const type = `report-${randomUUID().slice(0, 8)}`;
  expect(await api.put(`/api/v1/task-types/${type}`, { executor: 'worker', ...settings })).toMatchObject({
    status: 201,
  });
  if (count === 0) return { type, leases: [] };
  const tasks = Array.from({ length: count }, (_, input) => ({ type, input }));
  expect(await api.post('/api/v1/tasks/batch', { tasks })).toMatchObject({ status: 200 });
  const answer = await api.post('/api/v1/tasks/claim', { types: [type], workerId: 'w', max: count });
  expect(answer.body.tasks).toHaveLength(count);
  return { type, leases: answer.body.tasks as Lease[] };
}

const of = (lease: Lease | undefined, action: string, more: Record<string, unknown> = {}) => ({
  id: lease?.id,
  leaseToken: lease?.leaseToken,
  action,
  ...more,
});
const state = async (lease: Lease | undefined) =>
  (await api.get(`/api/v1/tasks/${lease?.id}`)).body.state as string;

describe('a report', () => {
  test('settles and extends leases and claims the next tasks in one call', async () => {
    const { type, leases } = await leased(4);
    const next = await api.post('/api/v1/tasks', { type, input: { next: true } });
    const answer = await api.post(path, {
      reports: [
        of(leases[0], 'complete', { result: { done: [] } }),
        of(leases[1], 'fail', { error: { code: 'x', message: 'no' }, retryable: false }),
        of(leases[2], 'release', { delaySeconds: 60 }),
        of(leases[3], 'heartbeat', { leaseSeconds: 100, progress: { percent: 5 } }),
      ],
      claim: { types: [type], workerId: 'w' },
    });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        results: [
          { index: 0, id: leases[0]?.id, action: 'complete', status: 200, replayed: false },
          { index: 1, id: leases[1]?.id, action: 'fail', status: 200 },
          { index: 2, id: leases[2]?.id, action: 'release', status: 200 },
          { index: 3, id: leases[3]?.id, action: 'heartbeat', status: 200 },
        ],
        tasks: [{ id: next.body.id, input: { next: true }, leaseToken: expect.any(String) }],
        claimProblem: null,
      },
    });
    const [completed, failed, released, extended] = answer.body.results;
    expect(completed.data).toMatchObject({ state: 'completed', result: { done: [] } });
    expect(failed.data).toMatchObject({ state: 'dead', error: { code: 'x' } });
    expect(released.data).toMatchObject({ state: 'scheduled', attempt: 0 });
    expect(extended.data).toEqual({ leaseExpiresAt: expect.any(String), cancelRequested: false });
    expect(await Promise.all(leases.map(state))).toEqual(['completed', 'dead', 'scheduled', 'claimed']);
  });

  test('gives each of what it names the answer that the call of its own would give', async () => {
    const { leases } = await leased(3, { resultSchema: { type: 'object' } });
    const foreign = await callerOf();
    await foreign.put('/api/v1/task-types/foreign', { executor: 'worker' });
    const theirs = await foreign.post('/api/v1/tasks', { type: 'foreign' });
    const [lease, other, tooLarge] = leases;
    const answer = await api.post(path, {
      reports: [
        of(lease, 'complete', { result: 'not an object' }),
        of(other, 'fail', { error: { code: '', message: 'x' } }),
        of(other, 'destroy'),
        { action: 'complete', leaseToken: 'x' },
        of(other, 'release', { surprise: 1 }),
        { ...of(other, 'complete', { result: {} }), id: theirs.body.id },
        { ...of(other, 'complete', { result: {} }), leaseToken: 'garbage' },
        { ...of(other, 'complete', { result: {} }), leaseToken: lease?.leaseToken },
        { id: other?.id, action: 'complete', result: {} },
        of(tooLarge, 'complete', { result: { text: 'x'.repeat(300_000) } }),
        of(other, 'release'),
      ],
    });
    expect(answer.status).toBe(207);
    const problems = answer.body.results.map(
      ({ status, problem }: { status: number; problem?: { code: string; errors?: { pointer: string }[] } }) =>
        [status, problem?.code, problem?.errors?.[0]?.pointer].join(' ').trim(),
    );
    expect(problems).toEqual([
      '422 validation_failed /reports/0/result',
      '422 validation_failed /reports/1/error/code',
      '422 validation_failed /reports/2/action',
      '422 validation_failed /reports/3/id',
      '422 validation_failed /reports/4/surprise',
      '404 not_found',
      '409 lease_lost',
      '409 lease_lost',
      '422 validation_failed /reports/8/leaseToken',
      '413 payload_too_large /reports/9/result',
      '200',
    ]);
    expect(answer.body.results[9].problem.limitBytes).toBe(98_304);
    expect(await Promise.all(leases.map(state))).toEqual(['claimed', 'ready', 'claimed']);
  });

  test('can be repeated: the results are the same, and so are the leases of its claim', async () => {
    const { type, leases } = await leased(2);
    await api.post('/api/v1/tasks/batch', { tasks: [{ type }, { type }] });
    const body = {
      reports: [
        of(leases[0], 'complete', { result: 1 }),
        of(leases[1], 'fail', { error: { code: 'x', message: 'x' } }),
      ],
      claim: { types: [type], workerId: 'w', claimId: randomUUID() },
    };
    const first = await api.post(path, body);
    const again = await api.post(path, body);
    expect(first.status).toBe(200);
    expect(again.status).toBe(200);
    expect(again.body.tasks).toEqual(first.body.tasks);
    for (const [index, { data }] of first.body.results.entries()) {
      expect(again.body.results[index]).toMatchObject({ status: 200, replayed: true, data });
    }
    // The header stands in for the claimId, as it does for a claim.
    const { claimId: _none, ...claim } = body.claim;
    const key = { 'idempotency-key': randomUUID() };
    const keyed = await api.post(path, { reports: [], claim }, key);
    expect(keyed.body.tasks).toHaveLength(1);
    expect((await api.post(path, { reports: [], claim }, key)).body.tasks).toEqual(keyed.body.tasks);
  });

  test('about one task twice carries both out in their order', async () => {
    const { leases } = await leased(3);
    const [a, b, c] = leases;
    const answer = await api.post(path, {
      reports: [
        of(a, 'heartbeat', { progress: { percent: 99 } }),
        of(b, 'complete', { result: 1 }),
        of(c, 'release'),
        of(a, 'complete'),
        of(b, 'complete', { result: 2 }),
        of(c, 'complete'),
      ],
    });
    const results = answer.body.results as {
      status: number;
      replayed?: boolean;
      data?: { result: number };
    }[];
    expect(results.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 409]);
    expect(results.map(({ replayed }) => replayed)).toEqual([false, false, false, false, true, undefined]);
    expect(results[4]?.data?.result).toBe(1);
    expect(await Promise.all(leases.map(state))).toEqual(['completed', 'completed', 'ready']);
  });

  test('waits for the next task as a claim does', async () => {
    const { type, leases } = await leased(1);
    const waiting = api.post(path, {
      reports: [of(leases[0], 'complete')],
      claim: { types: [type], workerId: 'w', waitSeconds: 15 },
    });
    // Its result stands while the claim waits.
    const settled = await eventually(
      () => state(leases[0]),
      (now) => now === 'completed',
    );
    expect(settled).toBe('completed');
    const made = await api.post('/api/v1/tasks', { type });
    expect((await waiting).body).toMatchObject({
      results: [{ status: 200 }],
      tasks: [{ id: made.body.id }],
    });
  });

  test('does not wait when its worker has to know something at once', async () => {
    const { type, leases } = await leased(2);
    const claim = { types: [type], workerId: 'w', waitSeconds: 20 };
    await api.post(`/api/v1/tasks/${leases[0]?.id}/cancel`, {});
    const began = Date.now();
    const told = await api.post(path, { reports: [of(leases[0], 'heartbeat')], claim });
    expect(told.body).toMatchObject({ results: [{ data: { cancelRequested: true } }], tasks: [] });
    const lost = await api.post(path, {
      reports: [{ ...of(leases[1], 'heartbeat'), leaseToken: 'garbage' }],
      claim,
    });
    expect(lost.body).toMatchObject({ results: [{ problem: { code: 'lease_lost' } }], tasks: [] });
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  test('gives its results also when nothing can be claimed', async () => {
    const { type, leases } = await leased(3);
    const claimId = randomUUID();
    await api.post('/api/v1/tasks', { type });
    await api.post('/api/v1/tasks/claim', { types: [type], workerId: 'w', claimId });
    const claims = [
      [{ types: ['no-such-type'], workerId: 'w' }, 'validation_failed', '/claim/types/0'],
      [{ types: ['todo'], workerId: 'w' }, 'validation_failed', '/claim/types/0'],
      [{ types: [type], workerId: 'other', claimId }, 'idempotency_mismatch', undefined],
    ] as const;
    for (const [index, [claim, code, pointer]] of claims.entries()) {
      const answer = await api.post(path, { reports: [of(leases[index], 'complete')], claim });
      expect(answer).toMatchObject({
        status: 207,
        body: { results: [{ status: 200 }], tasks: [], claimProblem: { code } },
      });
      expect(answer.body.claimProblem.errors?.[0]?.pointer).toBe(pointer);
    }
    expect(await Promise.all(leases.map(state))).toEqual(['completed', 'completed', 'completed']);
  });

  test('that is no report is refused as a whole, and nothing has happened', async () => {
    const { type, leases } = await leased(1);
    const reports = [of(leases[0], 'complete')];
    for (const [body, pointer] of [
      [{ reports: Array.from({ length: 26 }, () => reports[0]) }, '/reports'],
      [{ reports: [] }, '/reports'],
      [{ reports: [7] }, '/reports/0'],
      [{ claim: { types: [type], workerId: 'w' } }, '/reports'],
      [{ reports, claim: { types: [], workerId: 'w' } }, '/claim/types'],
      [{ reports, claim: { types: [type], workerId: 'w', max: 26 } }, '/claim/max'],
      [{ reports, claim: { types: [type], workerId: 'w', maximum: 2 } }, '/claim/maximum'],
      [{ reports, more: 1 }, '/more'],
    ] as const) {
      const answer = await api.post(path, body);
      expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
      expect(answer.body.errors[0].pointer).toBe(pointer);
    }
    expect(await state(leases[0])).toBe('claimed');
  });

  test.each(['{}', '[]', '0', 'false', '""', '123456789012345678901'])(
    'carries %s as a result unchanged',
    async (json) => {
      const { leases } = await leased(1);
      const [lease] = leases;
      const answer = await api.post(
        path,
        `{"reports":[{"id":"${lease?.id}","action":"complete","leaseToken":"${lease?.leaseToken}","result":${json}}]}`,
      );
      expect(answer.text).toContain(`"result":${json}`);
      expect((await api.get(`/api/v1/tasks/${lease?.id}`)).text).toContain(`"result":${json}`);
    },
  );

  test('of a key that is limited to other types is refused for each by itself', async () => {
    const { leases } = await leased(1);
    const made = await api.post('/api/v1/api-keys', { name: 'k', role: 'worker', taskTypes: ['elsewhere'] });
    const worker = await callerOf({ tenantId: api.tenantId, token: made.body.key });
    const answer = await worker.post(path, { reports: [of(leases[0], 'complete')] });
    expect(answer).toMatchObject({
      status: 207,
      body: { results: [{ status: 403, problem: { code: 'forbidden' } }] },
    });
    expect(await state(leases[0])).toBe('claimed');
  });
});

describe('a claim of large tasks', () => {
  test('gives as many as fit into an answer and loses none', async () => {
    const { type } = await leased(0);
    const input = 'x'.repeat(255_000);
    const made = new Set<string>();
    for (let at = 0; at < 25; at += 1) {
      const answer = await api.post('/api/v1/tasks', { type, input: `"${input}` });
      expect(answer.status).toBe(201);
      made.add(answer.body.id);
    }
    const seen = new Map<string, number>();
    for (let claims = 0; seen.size < 25 && claims < 5; claims += 1) {
      const answer = await api.post(path, {
        reports: [],
        claim: { types: [type], workerId: 'w', max: 25, leaseSeconds: 300 },
      });
      expect(answer.status).toBe(200);
      for (const { id, attempt } of answer.body.tasks) seen.set(id, attempt);
    }
    expect(new Set(seen.keys())).toEqual(made);
    expect(new Set(seen.values())).toEqual(new Set([1]));
  }, 60_000);
});
