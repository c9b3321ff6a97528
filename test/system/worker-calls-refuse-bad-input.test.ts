import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, sharedStack } from './support/api.ts';

let api: Api;
let other: Api;
let type: string;

beforeAll(async () => {
  [api, other] = await Promise.all([callerOf(), callerOf()]);
  // Both tenants have a type of this name: the name alone must open nothing.
  type = `bad-input-${randomUUID().slice(0, 8)}`;
  for (const tenant of [api, other]) await tenant.put(`/api/v1/task-types/${type}`, { executor: 'worker' });
});

interface Lease {
  id: string;
  leaseToken: string;
}

const tasks = '/api/v1/tasks';
const error = { code: 'x', message: 'x' };

/** A task of its own that is leased. */
async function leased(tenant = api, more: Record<string, unknown> = {}): Promise<Lease> {
  const made = await tenant.post(tasks, { type, ...more });
  for (let tries = 0; tries < 100; tries += 1) {
    const claimed = await tenant.post(`${tasks}/claim`, { types: [type], workerId: 'w', leaseSeconds: 600 });
    const lease = claimed.body.tasks.find(({ id }: Lease) => id === made.body.id);
    if (lease) return lease;
  }
  throw new Error(`not claimed: ${made.summary}`);
}

/** The calls that need the lease, each with a body that is right but for what a test changes. */
const calls: Record<string, Record<string, unknown>> = {
  heartbeat: {},
  complete: { result: 1 },
  fail: { error },
  release: {},
};
const each = Object.keys(calls);

const act = (tenant: Api, { id, leaseToken }: Lease, call: string, more: Record<string, unknown> = {}) =>
  tenant.post(`${tasks}/${id}/${call}`, { leaseToken, ...calls[call], ...more });

const get = async (id: string) => (await api.get(`${tasks}/${id}`)).body;

function expectProblem(answer: Answer, status: number, code: string): void {
  expect({ ...answer.body, summary: answer.summary }).toMatchObject({ status, code });
  expect(answer.status).toBe(status);
}

describe.each(each)('%s', (call) => {
  test('under the token of another task changes nothing', async () => {
    const [mine, another] = [await leased(), await leased()];
    const before = await Promise.all([get(mine.id), get(another.id)]);
    expectProblem(await act(api, { ...mine, leaseToken: another.leaseToken }, call), 409, 'lease_lost');
    expect(await Promise.all([get(mine.id), get(another.id)])).toEqual(before);
  });

  test('of another tenant is not found, whatever token it comes with', async () => {
    const [mine, theirs] = [await leased(api), await leased(other)];
    const before = await get(mine.id);
    for (const leaseToken of [mine.leaseToken, theirs.leaseToken, 'garbage']) {
      const answer = await act(other, { id: mine.id, leaseToken }, call);
      expectProblem(answer, 404, 'not_found');
      expect(answer.text).not.toContain(api.tenantId);
    }
    expectProblem(await act(api, { ...mine, leaseToken: theirs.leaseToken }, call), 409, 'lease_lost');
    expect(await get(mine.id)).toEqual(before);
  });

  test('under a token that is forged, cut, or no text at all changes nothing', async () => {
    const lease = await leased();
    const before = await get(lease.id);
    const { leaseToken } = lease;
    const forged = [
      `${leaseToken}x`,
      leaseToken.slice(0, -1),
      // One token in 64 begins with an x.
      `${leaseToken.startsWith('x') ? 'y' : 'x'}${leaseToken.slice(1)}`,
      leaseToken.replace('.', '~0.'),
      leaseToken.replace('.', '~499.'),
      leaseToken.replace('.', '~-1.'),
      leaseToken.toUpperCase(),
      `${leaseToken}.${leaseToken}`.slice(0, 300),
      '.........',
      '💥',
    ];
    for (const token of forged) {
      expectProblem(await act(api, { ...lease, leaseToken: token }, call), 409, 'lease_lost');
    }
    for (const token of [7, null, {}, [], true, '', 'x'.repeat(301)]) {
      expectProblem(await act(api, lease, call, { leaseToken: token }), 422, 'validation_failed');
    }
    expect(await get(lease.id)).toEqual(before);
  });

  test('of a task that has ended, or that another has by now, changes nothing', async () => {
    const stale = await leased();
    await api.post(`${tasks}/${stale.id}/release`, { leaseToken: stale.leaseToken });
    const again = await api.post(`${tasks}/claim`, { types: [type], workerId: 'w2', max: 25 });
    expect(again.body.tasks.map(({ id }: Lease) => id)).toContain(stale.id);
    const before = await get(stale.id);
    if (call !== 'release') expectProblem(await act(api, stale, call), 409, 'lease_lost');
    expect(await get(stale.id)).toEqual(before);
    const cancelled = (await api.post(tasks, { type, delaySeconds: 600 })).body;
    await api.post(`${tasks}/${cancelled.id}/cancel`, {});
    expectProblem(
      await act(api, { id: cancelled.id, leaseToken: stale.leaseToken }, call),
      409,
      'lease_lost',
    );
  });

  test('refuses fields that it does not know and bytes that are not UTF-8', async () => {
    const lease = await leased();
    const before = await get(lease.id);
    const answer = await act(api, lease, call, { surprise: 1 });
    expectProblem(answer, 422, 'validation_failed');
    expect(answer.body.errors[0]).toMatchObject({ pointer: '/surprise', code: 'unknown_field' });
    const bytes = Buffer.concat([
      Buffer.from(`{"leaseToken":"${lease.leaseToken}","result":"`),
      Buffer.from([0xff, 0xfe, 0x80]),
      Buffer.from('"}'),
    ]);
    const response = await fetch(new URL(`${tasks}/${lease.id}/${call}`, sharedStack().url), {
      method: 'POST',
      headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
      body: bytes,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'malformed_json' });
    expect(await get(lease.id)).toEqual(before);
  });
});

describe('numbers', () => {
  test.each([
    ['heartbeat', 'leaseSeconds'],
    ['release', 'delaySeconds'],
    ['fail', 'retryAfterSeconds'],
  ])('of %s that are negative, enormous, broken or no numbers are refused: %s', async (call, field) => {
    const lease = await leased();
    const before = await get(lease.id);
    const { leaseToken, id } = lease;
    const raw = { heartbeat: '', release: '', fail: `"error":${JSON.stringify(error)},` }[call];
    for (const value of ['-1', '1e9', '123456789012345678901', '1e400', '-0.5', '1.5', '"5"', 'null', '[]']) {
      const body = `{"leaseToken":"${leaseToken}",${raw}"${field}":${value}}`;
      const answer = await api.post(`${tasks}/${id}/${call}`, body);
      expectProblem(answer, 422, 'validation_failed');
      expect(answer.body.errors[0].pointer).toBe(`/${field}`);
    }
    expect(await get(id)).toEqual(before);
  });

  test('of a claim are held to their limits', async () => {
    for (const [field, values] of Object.entries({
      max: [0, -1, 26, 1.5, 1e21, '1'],
      leaseSeconds: [0, -1, 43_201, 0.5, 1e300],
      waitSeconds: [-1, 21, 1e9, 0.1, null],
    })) {
      for (const value of values) {
        const answer = await api.post(`${tasks}/claim`, { types: [type], workerId: 'w', [field]: value });
        expectProblem(answer, 422, 'validation_failed');
        expect(answer.body.errors[0].pointer).toBe(`/${field}`);
      }
    }
    for (const progress of [
      { percent: -1 },
      { percent: 101 },
      { percent: '5' },
      { message: 7 },
      { more: 1 },
    ]) {
      expectProblem(await act(api, await leased(), 'heartbeat', { progress }), 422, 'validation_failed');
    }
  });
});

describe('claims', () => {
  test.each([
    [{ types: [] }, '/types'],
    [{ types: 'x' }, '/types'],
    [{ types: ['A#b'] }, '/types/0'],
    [{ types: ['no-such-type'] }, '/types/0'],
    [{ types: ['todo'] }, '/types/0'],
    [{ types: ['records.import'] }, '/types/0'],
    [{ types: Array.from({ length: 11 }, (_, at) => `t${at}`) }, '/types'],
    [{ workerId: '' }, '/workerId'],
    [{ workerId: 'x'.repeat(129) }, '/workerId'],
    [{ workerId: 'a\nb' }, '/workerId'],
    [{ claimId: '' }, '/claimId'],
    [{ claimId: 'x'.repeat(101) }, '/claimId'],
    [{ order: 'oldest' }, '/order'],
    [{ typos: 1 }, '/typos'],
  ])('with %j are refused at %s', async (change, pointer) => {
    const answer = await api.post(`${tasks}/claim`, { types: [type], workerId: 'w', ...change });
    expectProblem(answer, 422, 'validation_failed');
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });
});

describe('results', () => {
  test.each(['{}', '[]', '0', 'false', '""', 'null', '123456789012345678901', '-0', '1e400', '{"a":[{}]}'])(
    'of %s come back as they were sent',
    async (json) => {
      const { id, leaseToken } = await leased();
      const done = await api.post(
        `${tasks}/${id}/complete`,
        `{"leaseToken":"${leaseToken}","result":${json}}`,
      );
      expect(done.status).toBe(200);
      expect(done.text).toContain(`"result":${json}`);
      expect((await api.get(`${tasks}/${id}`)).text).toContain(`"result":${json}`);
    },
  );

  test('that are too large are refused with the limit, and the lease stays', async () => {
    const lease = await leased();
    const answer = await act(api, lease, 'complete', { result: 'x'.repeat(300_000) });
    expectProblem(answer, 413, 'payload_too_large');
    expect(answer.body).toMatchObject({ limitBytes: 98_304, errors: [{ pointer: '/result' }] });
    expect((await act(api, lease, 'complete', { result: 'small' })).status).toBe(200);
  });

  test('that are errors are held to their limits', async () => {
    const lease = await leased();
    const tooMuch = await act(api, lease, 'fail', { error: { ...error, details: 'x'.repeat(9_000) } });
    expectProblem(tooMuch, 413, 'payload_too_large');
    expect(tooMuch.body).toMatchObject({ limitBytes: 8_192, errors: [{ pointer: '/error/details' }] });
    for (const [bad, pointer] of [
      [{}, '/error/code'],
      [{ code: 'x' }, '/error/message'],
      [{ code: 'x', message: '' }, '/error/message'],
      [{ code: 'x'.repeat(101), message: 'x' }, '/error/code'],
      [{ ...error, stack: 'x' }, '/error/stack'],
      ['boom', '/error'],
    ] as const) {
      const answer = await act(api, lease, 'fail', { error: bad });
      expectProblem(answer, 422, 'validation_failed');
      expect(answer.body.errors.map(({ pointer: at }: { pointer: string }) => at)).toContain(pointer);
    }
    expect((await get(lease.id)).state).toBe('claimed');
  });
});

describe('times', () => {
  test('in any zone become one in UTC, and what is no instant is refused', async () => {
    const made = await api.post(tasks, {
      type: 'todo',
      runAt: '2031-01-01T00:30:00+05:30',
      startBy: '2031-01-01T00:00:00-08:00',
      deadline: '2031-06-30T23:59:59.9999+00:00',
      dueAt: '2031-03-30T01:30:00.5Z',
    });
    expect(made.body).toMatchObject({
      runAt: '2030-12-31T19:00:00.000Z',
      startBy: '2031-01-01T08:00:00.000Z',
      deadline: '2031-06-30T23:59:59.999Z',
      dueAt: '2031-03-30T01:30:00.500Z',
    });
    for (const runAt of [
      '2031-01-01T00:30:00',
      '2031-01-01',
      '2031-13-01T00:00:00Z',
      'soon',
      1924991999,
      '',
    ]) {
      const answer = await api.post(tasks, { type: 'todo', runAt });
      expectProblem(answer, 422, 'validation_failed');
      expect(answer.body.errors[0].pointer).toBe('/runAt');
    }
  });
});
