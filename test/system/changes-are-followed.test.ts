import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually, sharedStack } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

describe('the history of a record', () => {
  test('has each write with who, when, what, newest first', async () => {
    const { id } = (await api.post('/api/v1/contacts', { name: 'Historic', title: 'Clerk' })).body;
    const member = await api.as('member');
    await member.patch(`/api/v1/contacts/${id}`, { title: 'Boss', notes: 'promoted' });
    await api.del(`/api/v1/contacts/${id}`);
    await api.post(`/api/v1/contacts/${id}/restore`);
    const history = await eventually(
      () => api.get(`/api/v1/contacts/${id}/history`),
      ({ body }) => body.data?.length === 4,
    );
    expect(
      history.body.data.map(({ version, action }: { version: number; action: string }) => [version, action]),
    ).toEqual([
      [4, 'restored'],
      [3, 'deleted'],
      [2, 'updated'],
      [1, 'created'],
    ]);
    const updated = history.body.data[2];
    expect(updated).toMatchObject({
      actor: `member-${api.tenantId}`,
      at: expect.any(String),
      requestId: expect.any(String),
    });
    expect(updated.changes).toEqual(
      expect.arrayContaining([
        { field: 'title', old: 'Clerk', new: 'Boss' },
        { field: 'notes', old: null, new: 'promoted' },
      ]),
    );
    expect(updated.changes).toHaveLength(2);
  });

  test('is paged', async () => {
    const { id } = (await api.post('/api/v1/companies', { name: 'Paged' })).body;
    for (let at = 0; at < 5; at += 1) await api.patch(`/api/v1/companies/${id}`, { industry: `i${at}` });
    const all = await eventually(
      () => api.get(`/api/v1/companies/${id}/history`),
      ({ body }) => body.data?.length === 6,
    );
    const first = (await api.get(`/api/v1/companies/${id}/history?limit=4`)).body;
    const second = (await api.get(`/api/v1/companies/${id}/history?limit=4&cursor=${first.page.nextCursor}`))
      .body;
    expect([...first.data, ...second.data]).toEqual(all.body.data);
  });
});

describe('the counters', () => {
  test('equal a recount after many writes at once', async () => {
    const tenant = await callerOf();
    const stages = ['lead', 'prospect', 'customer', 'former'];
    const made = await Promise.all(
      Array.from({ length: 40 }, async (_, at) => {
        const stage = stages[at % 4];
        return (await tenant.post('/api/v1/contacts', { name: `Counted ${at}`, stage })).body.id;
      }),
    );
    await Promise.all([
      ...made
        .slice(0, 10)
        .map((id) => tenant.patch(`/api/v1/contacts/${id}`, { stage: 'customer', status: 'archived' })),
      ...made.slice(10, 20).map((id) => tenant.del(`/api/v1/contacts/${id}`)),
    ]);
    await Promise.all(made.slice(10, 13).map((id) => tenant.post(`/api/v1/contacts/${id}/restore`)));
    const rows = (await tenant.get('/api/v1/contacts?limit=100')).body.data as {
      stage: string;
      status: string;
    }[];
    expect(rows).toHaveLength(33);
    const counted = async () => {
      const totals = await Promise.all(
        ['', ...stages.map((stage) => `&stage=${stage}`), '&status=archived'].map(
          async (filter) => (await tenant.get(`/api/v1/contacts?include=total&limit=1${filter}`)).body.total,
        ),
      );
      return JSON.stringify(totals);
    };
    const expected = JSON.stringify([
      rows.length,
      ...stages.map((stage) => rows.filter((row) => row.stage === stage).length),
      rows.filter((row) => row.status === 'archived').length,
    ]);
    expect(await eventually(counted, (totals) => totals === expected)).toBe(expected);

    const query = '{ dashboard { contacts { total byStatus { status count } } } }';
    const dashboard = await tenant.call('POST', sharedStack().graphqlUrl, { body: { query } });
    expect(dashboard.body.data.dashboard.contacts.total).toBe(33);
    expect(JSON.stringify(dashboard.body.data.dashboard.contacts.byStatus)).toContain('archived');
  });
});
