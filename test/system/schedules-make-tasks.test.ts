import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf } from './support/api.ts';

let api: Api;
let member: Api;

const path = (name: string) => `/api/v1/task-schedules/${name}`;
const pointers = (answer: Answer) => answer.body.errors?.map(({ pointer }: { pointer: string }) => pointer);

beforeAll(async () => {
  api = await callerOf();
  member = await api.as('member');
  await api.put('/api/v1/task-types/report', {
    inputSchema: { type: 'object', required: ['of'], properties: { of: { type: 'string' } } },
  });
  await api.put('/api/v1/task-types/pulse', {});
});

describe('a schedule', () => {
  test.concurrent('is made, read, changed under If-Match and deleted', async () => {
    const body =
      '{"type":"report","input":{"of":"sales","n":123456789012345678901},"cron":"30 9 * * MON-FRI","timezone":"Europe/Berlin"}';
    const made = await api.call('PUT', path('sales'), { body });
    expect([made.summary, made.status]).toEqual([made.summary, 201]);
    expect(made.headers.get('etag')).toBe('"v1"');
    expect(made.text).toContain('"input":{"of":"sales","n":123456789012345678901}');
    expect(made.body).toMatchObject({
      name: 'sales',
      type: 'report',
      cron: '30 9 * * MON-FRI',
      every: null,
      timezone: 'Europe/Berlin',
      overlap: 'skip',
      enabled: true,
      madeCount: 0,
      lastError: null,
      version: 1,
    });
    expect(made.body.nextRuns).toHaveLength(5);
    expect(made.body.nextRunAt).toBe(made.body.nextRuns[0]);
    const hours = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeStyle: 'short' });
    for (const run of made.body.nextRuns) expect(hours.format(new Date(run))).toBe('09:30');
    const got = await api.get(path('sales'));
    expect([got.status, got.text]).toEqual([200, made.text]);
    const stale = await api.put(
      path('sales'),
      { type: 'report', input: { of: 'x' }, every: 3600 },
      { 'if-match': '"v7"' },
    );
    expect(stale.status).toBe(412);
    const changed = await api.put(
      path('sales'),
      { type: 'report', input: { of: 'x' }, every: 'PT2H', enabled: false },
      { 'if-match': '"v1"' },
    );
    expect([changed.summary, changed.status]).toEqual([changed.summary, 200]);
    expect(changed.body).toMatchObject({
      cron: null,
      every: 'PT2H',
      enabled: false,
      nextRunAt: null,
      nextRuns: [],
      version: 2,
    });
    expect((await api.del(path('sales'))).status).toBe(204);
    expect((await api.get(path('sales'))).status).toBe(404);
    expect((await api.del(path('sales'))).status).toBe(404);
  });

  test.concurrent.each([
    [{ every: 60 }, '/input'],
    [{ every: 60, input: { of: 5 } }, '/input/of'],
    [{ input: { of: 'x' } }, '/cron'],
    [{ input: { of: 'x' }, every: 60, cron: '@daily' }, '/every'],
    [{ input: { of: 'x' }, every: 59 }, '/every'],
    [{ input: { of: 'x' }, every: 'P1M' }, '/every'],
    [{ input: { of: 'x' }, every: 'PT30S' }, '/every'],
    [{ input: { of: 'x' }, cron: '* * * * * *' }, '/cron'],
    [{ input: { of: 'x' }, cron: '0 0 31 2 *' }, '/cron'],
    [{ input: { of: 'x' }, cron: '@daily', timezone: 'Mars/Olympus' }, '/timezone'],
    [{ input: { of: 'x' }, every: 60, overlap: 'replace' }, '/overlap'],
    [{ input: { of: 'x' }, every: 60, priority: 101 }, '/priority'],
    [{ input: { of: 'x' }, every: 60, dedupeKey: 'x' }, '/dedupeKey'],
    [{ type: 'unknown', every: 60 }, '/type'],
    [{ type: 'records.import', every: 60 }, '/type'],
  ])('that cannot be is refused: %j', async (body, pointer) => {
    const answer = await api.put(path('never'), { type: 'report', ...body });
    expect([answer.summary, answer.status]).toEqual([answer.summary, 422]);
    expect(pointers(answer)).toContain(pointer);
    expect((await api.get(path('never'))).status).toBe(404);
  });

  test.concurrent('is its tenant’s own, and for callers who may enqueue', async () => {
    expect((await member.put(path('of-member'), { type: 'pulse', cron: '@yearly' })).status).toBe(201);
    const viewer = await api.as('viewer');
    expect((await viewer.put(path('of-viewer'), { type: 'pulse', cron: '@yearly' })).status).toBe(403);
    expect((await viewer.get(path('of-member'))).status).toBe(200);
    const other = await callerOf();
    expect((await other.get(path('of-member'))).status).toBe(404);
    expect((await other.get('/api/v1/task-schedules')).body.data).toEqual([]);
    const key = await api.post('/api/v1/api-keys', { name: 'k', role: 'worker', taskTypes: ['report'] });
    const headers = { authorization: `Bearer ${key.body.key}` };
    const scoped = await api.call('PUT', path('of-key'), {
      token: null,
      headers,
      body: { type: 'pulse', every: 60 },
    });
    expect([scoped.summary, scoped.status]).toEqual([scoped.summary, 403]);
  });

  test.concurrent('is listed by name, in pages', async () => {
    for (const name of ['p1', 'p2', 'p3']) {
      await api.put(path(name), { type: 'pulse', cron: '@yearly' });
    }
    const names: string[] = [];
    let cursor = '';
    do {
      const answer = await api.get(`/api/v1/task-schedules?limit=2${cursor}`);
      expect([answer.summary, answer.status]).toEqual([answer.summary, 200]);
      names.push(...answer.body.data.map(({ name }: { name: string }) => name));
      for (const row of answer.body.data) expect(row).not.toHaveProperty('input');
      cursor = answer.body.page.nextCursor
        ? `&cursor=${encodeURIComponent(answer.body.page.nextCursor)}`
        : '';
    } while (cursor);
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(['p1', 'p2', 'p3']));
  });
});
