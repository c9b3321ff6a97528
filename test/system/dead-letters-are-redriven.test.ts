import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

const path = '/api/v1/dead-letters';

async function newType(settings: Record<string, unknown> = {}): Promise<string> {
  const name = `mortal-${randomUUID().slice(0, 8)}`;
  expect(await api.put(`/api/v1/task-types/${name}`, { executor: 'worker', ...settings })).toMatchObject({
    status: 201,
  });
  return name;
}

/** Tasks that have failed for good, the earliest death first; answers them as they stand. */
async function dead(type: string, count: number, code = 'unreachable', more: object = {}) {
  const tasks: { id: string; endedAt: string }[] = [];
  for (let at = 0; at < count; at += 1) {
    expect(await api.post('/api/v1/tasks', { type, ...more })).toMatchObject({ status: 201 });
    tasks.push(await fail(type, code));
  }
  return tasks;
}

async function fail(type: string, code: string): Promise<{ id: string; endedAt: string }> {
  const [lease] = await claim(type);
  const failed = await api.post(`/api/v1/tasks/${lease?.id}/fail`, {
    leaseToken: lease?.leaseToken,
    error: { code, message: 'no answer', details: { host: 'a' } },
    retryable: false,
  });
  expect(failed).toMatchObject({ status: 200, body: { state: 'dead' } });
  return failed.body;
}

async function claim(type: string, max = 1): Promise<{ id: string; leaseToken: string; attempt: number }[]> {
  const answer = await api.post('/api/v1/tasks/claim', { types: [type], workerId: 'w', max, waitSeconds: 5 });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.tasks;
}

const list = async (query: string): Promise<{ id: string }[]> => {
  const answer = await api.get(`${path}?${query}`);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.data;
};
const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id);

/** Orders a redrive and waits for its end. */
async function redrive(body: object, headers: Record<string, string> = {}): Promise<Answer> {
  const ordered = await api.post(`${path}/redrive`, body, headers);
  expect(ordered).toMatchObject({ status: 201, body: { type: 'dead-letters.redrive' } });
  expect(ordered.headers.get('location')).toBe(`/api/v1/tasks/${ordered.body.id}`);
  return ended(ordered.body.id);
}

const ended = (id: string) =>
  eventually(
    () => api.get(`/api/v1/tasks/${id}`),
    ({ body }) => ['completed', 'dead', 'cancelled'].includes(body.state),
    30_000,
  );

describe('dead letters', () => {
  test('are listed with why they died, the latest death first, and found by type, code and time', async () => {
    const [type, other] = [await newType(), await newType()];
    const first = await dead(type, 2, 'unreachable', { title: 'Call', input: { n: 1 } });
    const second = await dead(type, 1, 'refused');
    const third = await dead(other, 1, 'refused');
    const all = [...first, ...second, ...third];
    const newest = idsOf([...all].reverse());
    expect(idsOf(await list('limit=4'))).toEqual(newest);
    expect(idsOf(await list(`type=${type}`))).toEqual(newest.slice(1));
    expect(idsOf(await list('errorCode=refused'))).toEqual(newest.slice(0, 2));
    expect(idsOf(await list(`errorCode=refused&type=${type}`))).toEqual(idsOf(second));
    expect(await list('errorCode=unheard-of')).toEqual([]);
    const [row] = await list(`type=${type}&errorCode=unreachable&limit=1`);
    expect(row).toEqual({
      id: first[1]?.id,
      type,
      typeVersion: 1,
      executor: 'worker',
      title: 'Call',
      about: null,
      priority: 0,
      dedupeKey: null,
      maxAttempts: 5,
      attempts: 1,
      workerId: 'w',
      error: { code: 'unreachable', message: 'no answer', details: { host: 'a' } },
      createdAt: expect.any(String),
      endedAt: first[1]?.endedAt,
      removedAt: expect.any(String),
    });

    const from = encodeURIComponent(first[1]?.endedAt.replace('Z', '+00:00') ?? '');
    const late = new Date(Date.parse(third[0]?.endedAt ?? '') - 5 * 3_600_000).toISOString();
    const to = encodeURIComponent(late.replace('Z', '-05:00'));
    expect(idsOf(await list(`from=${from}&to=${to}`))).toEqual(idsOf([...all.slice(1, 3)].reverse()));
    expect(await list('to=2026-01-01')).toEqual([]);
  });

  test('are paged', async () => {
    const type = await newType();
    await dead(type, 5);
    const all = idsOf(await list(`type=${type}`));
    const paged: string[] = [];
    let cursor = '';
    for (;;) {
      const page = await api.get(`${path}?type=${type}&limit=2${cursor}`);
      paged.push(...idsOf(page.body.data));
      if (page.body.page.nextCursor === null) break;
      cursor = `&cursor=${page.body.page.nextCursor}`;
    }
    expect(paged).toEqual(all);
    expect(await api.get(`${path}?limit=2${cursor}`)).toMatchObject({ body: { code: 'invalid_cursor' } });
  });

  test('are not listed by what is no filter, and no other tenant sees them', async () => {
    const type = await newType();
    await dead(type, 1);
    expect(await (await callerOf()).get(path)).toMatchObject({ status: 200, body: { data: [] } });
    expect(await api.get(`${path}?errorcode=x`)).toMatchObject({
      status: 400,
      body: { code: 'unknown_parameter', detail: expect.stringContaining('"errorCode"') },
    });
    for (const query of ['from=soon', 'to=2026-02-30T00:00', 'limit=0', 'limit=101', 'type=', 'limit=1e2']) {
      expect(await api.get(`${path}?${query}`)).toMatchObject({
        status: 422,
        body: { code: 'validation_failed', errors: [{ parameter: query.split('=')[0] }] },
      });
    }
    expect(await api.get(`${path}?type=${type}&type=x`)).toMatchObject({ status: 422 });
  });
});

describe('a redrive', () => {
  test('of a filter brings the tasks back to their workers, with another input', async () => {
    const type = await newType();
    const tasks = await dead(type, 3, 'unreachable', { input: { host: 'a' } });
    const others = await dead(type, 1, 'refused');
    const filter = { type, errorCode: 'unreachable' };
    const dry = await redrive({ filter, dryRun: true });
    const expected = { matched: 3, redriven: 3, skipped: 0, failed: 0, failures: [] };
    expect(dry.body).toMatchObject({ state: 'completed', result: { ...expected, dryRun: true } });
    expect(await list(`type=${type}`)).toHaveLength(4);

    const done = await redrive({ filter, input: { host: 'b' } });
    expect(done.body).toMatchObject({
      state: 'completed',
      result: { ...expected, dryRun: false },
      progress: { percent: 100 },
    });
    expect(idsOf(await list(`type=${type}`))).toEqual(idsOf(others));
    const leases = await claim(type, 10);
    expect(idsOf(leases).sort()).toEqual(idsOf(tasks).sort());
    for (const { id, leaseToken, attempt } of leases) {
      expect(attempt).toBe(1);
      await api.post(`/api/v1/tasks/${id}/complete`, { leaseToken });
      expect((await api.get(`/api/v1/tasks/${id}`)).body).toMatchObject({
        state: 'completed',
        input: { host: 'b' },
      });
    }
    const again = await redrive({ filter });
    expect(again.body.result).toMatchObject({ matched: 0, redriven: 0 });
  });

  test('of ids tells which could not be, and of foreign ones no more than that', async () => {
    const type = await newType();
    const stranger = await callerOf();
    const theirs = (await stranger.post('/api/v1/tasks', { type: 'todo', title: 'Theirs' })).body.id;
    const [mine] = await dead(type, 1);
    const [held] = await dead(type, 1, 'unreachable', { dedupeKey: 'one' });
    await api.post('/api/v1/tasks', { type, dedupeKey: 'one' });
    const nobody = `task_${'0'.repeat(26)}`;
    const done = await redrive({ ids: [mine?.id, theirs, nobody, held?.id], ratePerSecond: 1_000 });
    expect(done.body.result).toMatchObject({ matched: 4, redriven: 1, skipped: 0, failed: 3 });
    expect(done.body.result.failures).toEqual([
      { id: theirs, code: 'not_found', message: `No task with the id "${theirs}"` },
      { id: nobody, code: 'not_found', message: `No task with the id "${nobody}"` },
      { id: held?.id, code: 'duplicate', message: expect.any(String) },
    ]);
  });

  test('is ordered once under an idempotency key', async () => {
    const type = await newType();
    const [task] = await dead(type, 1);
    const key = { 'idempotency-key': randomUUID() };
    const body = { filter: { type } };
    const first = await api.post(`${path}/redrive`, body, key);
    const second = await api.post(`${path}/redrive`, body, key);
    expect(second).toMatchObject({ status: 201, body: { id: first.body.id } });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await api.post(`${path}/redrive`, { filter: {} }, key)).toMatchObject({
      body: { code: 'idempotency_mismatch' },
    });
    expect((await ended(first.body.id)).body.result).toMatchObject({ redriven: 1 });
    expect((await api.get(`/api/v1/tasks/${task?.id}`)).body).toMatchObject({ state: 'ready' });
  });

  test('can be watched and cancelled', async () => {
    const type = await newType();
    await dead(type, 8);
    const ordered = await api.post(`${path}/redrive`, { filter: { type }, ratePerSecond: 1 });
    const { id } = ordered.body;
    const cancelled = await api.post(`/api/v1/tasks/${id}/cancel`, { reason: 'enough' });
    expect(cancelled).toMatchObject({ status: 200 });
    expect((await ended(id)).body).toMatchObject({ state: 'cancelled', reason: 'enough', result: null });
    expect((await list(`type=${type}`)).length).toBeGreaterThan(0);
  });

  test('by a key of some types stays within them', async () => {
    const [type, other] = [await newType(), await newType()];
    const [mine] = await dead(type, 1);
    const [theirs] = await dead(other, 1);
    const key = await api.post('/api/v1/api-keys', { name: 'scoped', role: 'worker', taskTypes: [type] });
    expect(key).toMatchObject({ status: 201 });
    const call = (method: string, where: string, body?: unknown) =>
      api.call(method, where, { token: key.body.key, body });
    expect(await call('GET', path)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(idsOf((await call('GET', `${path}?type=${type}`)).body.data)).toEqual([mine?.id]);
    for (const filter of [{}, { type: other }, { errorCode: 'unreachable' }]) {
      expect(await call('POST', `${path}/redrive`, { filter })).toMatchObject({ status: 403 });
    }
    const ordered = await call('POST', `${path}/redrive`, { ids: [mine?.id, theirs?.id] });
    expect(ordered).toMatchObject({ status: 201 });
    const done = await eventually(
      () => call('GET', `/api/v1/tasks/${ordered.body.id}`),
      ({ body }) => body.state === 'completed',
      30_000,
    );
    expect(done.body.result).toMatchObject({
      redriven: 1,
      failed: 1,
      failures: [{ id: theirs?.id, code: 'forbidden' }],
    });
    const viewer = await api.as('viewer');
    expect(await viewer.post(`${path}/redrive`, { filter: {} })).toMatchObject({ status: 403 });
  });

  test.each<[string, unknown, string]>([
    ['neither ids nor filter', {}, '/filter'],
    ['both', { ids: ['task_1'], filter: {} }, '/filter'],
    ['no ids', { ids: [] }, '/ids'],
    ['too many ids', { ids: Array.from({ length: 1_001 }, (_, at) => `task_${at}`) }, '/ids'],
    ['ids of another kind', { ids: [{}] }, '/ids/0'],
    ['an unknown type', { filter: { type: 'unheard-of' } }, '/filter/type'],
    ['an unknown filter', { filter: { errorcode: 'x' } }, '/filter/errorcode'],
    ['no date', { filter: { from: 'soon' } }, '/filter/from'],
    ['an enormous rate', { filter: {}, ratePerSecond: 1e21 }, '/ratePerSecond'],
    ['a negative rate', { filter: {}, ratePerSecond: -1 }, '/ratePerSecond'],
    ['a dry run in words', { filter: {}, dryRun: 'true' }, '/dryRun'],
  ])('with %s is refused', async (_name, body, pointer) => {
    const answer = await api.post(`${path}/redrive`, body);
    expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(answer.body.errors[0]).toMatchObject({ pointer });
  });

  test('with an input that is too large is refused with the limit', async () => {
    const body = { filter: {}, input: 'x'.repeat(300_000) };
    expect(await api.post(`${path}/redrive`, body)).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large', limitBytes: 256 * 1024 },
    });
  });
});
