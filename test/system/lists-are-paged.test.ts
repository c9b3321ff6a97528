import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';

let api: Api;
const names = Array.from({ length: 25 }, (_, at) => `Person ${String(at).padStart(2, '0')}`);

beforeAll(async () => {
  api = await callerOf();
  for (const [at, name] of names.entries()) {
    const answer = await api.post('/api/v1/contacts', {
      name,
      stage: at % 5 === 0 ? 'customer' : 'lead',
      ownerId: at % 2 ? 'odd' : 'even',
      tags: at % 3 === 0 ? ['vip'] : [],
      score: at,
    });
    expect(answer.status).toBe(201);
  }
});

async function allPages(query: string): Promise<{ names: string[]; pages: Answer[] }> {
  const pages: Answer[] = [];
  let cursor: string | null = null;
  do {
    const suffix: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const answer: Answer = await api.get(`/api/v1/contacts?${query}${suffix}`);
    expect(answer).toMatchObject({ status: 200 });
    pages.push(answer);
    cursor = answer.body.page.nextCursor;
  } while (cursor && pages.length < 50);
  return { pages, names: pages.flatMap(({ body }) => body.data.map((row: { name: string }) => row.name)) };
}

describe('a list', () => {
  test.each([
    ['sort=createdAt', names],
    ['sort=-createdAt', names.toReversed()],
    ['sort=name', names],
    ['sort=-name', names.toReversed()],
    ['sort=-updatedAt', names.toReversed()],
    ['', names.toReversed()],
  ])('with "%s" comes in order, each row once, however small the pages', async (query, expected) => {
    for (const limit of [1, 7, 25, 100]) {
      expect((await allPages(`${query}&limit=${limit}`)).names).toEqual(expected);
    }
  });

  test('ends without an empty last page', async () => {
    const { pages } = await allPages('limit=5');
    expect(pages).toHaveLength(5);
  });

  test.each([
    ['stage=customer', (at: number) => at % 5 === 0],
    ['stage[ne]=customer', (at: number) => at % 5 !== 0],
    ['stage[in]=customer,lead', () => true],
    ['ownerId=odd', (at: number) => at % 2 === 1],
    ['ownerId=odd&stage=customer', (at: number) => at % 2 === 1 && at % 5 === 0],
    ['tags=vip', (at: number) => at % 3 === 0],
    ['score[gte]=10&score[lt]=20', (at: number) => at >= 10 && at < 20],
    ['name[prefix]=person%201', (at: number) => at >= 10 && at < 20],
    ['name=PERSON%2007', (at: number) => at === 7],
    ['name=person%2007&name[prefix]=person', (at: number) => at === 7],
    ['stage=customer&createdAt[gte]=2026-01-01&sort=-updatedAt', (at: number) => at % 5 === 0],
    ['createdAt[lt]=2026-01-01', () => false],
  ])('filtered by "%s" has just those rows', async (query, wanted) => {
    const expected = names.filter((_, at) => wanted(at));
    for (const limit of [2, 50]) {
      expect((await allPages(`${query}&limit=${limit}`)).names.toSorted()).toEqual(expected);
    }
  });

  test('by a range of creation takes the rows between two others', async () => {
    const rows = (await api.get('/api/v1/contacts?sort=createdAt')).body.data;
    const [from, to] = [rows[5].createdAt, rows[10].createdAt];
    const between = await allPages(
      `sort=createdAt&createdAt[gte]=${encodeURIComponent(from)}&createdAt[lt]=${encodeURIComponent(to)}`,
    );
    const expected = rows.filter((row: { createdAt: string }) => row.createdAt >= from && row.createdAt < to);
    expect(between.names).toEqual(expected.map((row: { name: string }) => row.name));
  });

  test('gives only the fields asked for', async () => {
    const answer = await api.get('/api/v1/contacts?limit=1&fields=id,name');
    expect(Object.keys(answer.body.data[0])).toEqual(['id', 'name']);
  });

  test('knows its total from the counters', async () => {
    const total = await eventually(
      () => api.get('/api/v1/contacts?include=total&limit=1'),
      ({ body }) => body.total === names.length,
    );
    expect(total.body.total).toBe(names.length);
    const customers = await eventually(
      () => api.get('/api/v1/contacts?include=total&stage=customer'),
      ({ body }) => body.total === 5,
    );
    expect(customers.body.total).toBe(5);
    expect((await api.get('/api/v1/contacts?include=total&ownerId=odd')).body).toMatchObject({
      code: 'validation_failed',
      errors: [{ parameter: 'include' }],
    });
  });

  test('refuses a cursor that was altered or made for another list', async () => {
    const { body } = await api.get('/api/v1/contacts?limit=2');
    const cursor = encodeURIComponent(body.page.nextCursor);
    const other = await callerOf();
    const attempts = [
      api.get(`/api/v1/contacts?limit=2&cursor=${cursor}x`),
      api.get(`/api/v1/contacts?limit=2&cursor=A${cursor}`),
      api.get(`/api/v1/contacts?limit=2&sort=name&cursor=${cursor}`),
      api.get(`/api/v1/contacts?limit=2&stage=lead&cursor=${cursor}`),
      api.get(`/api/v1/companies?limit=2&cursor=${cursor}`),
      other.get(`/api/v1/contacts?limit=2&cursor=${cursor}`),
    ];
    for (const answer of await Promise.all(attempts)) {
      expect(answer.body).toMatchObject({ status: 400, code: 'invalid_cursor' });
    }
  });

  test('refuses what it does not know, and says what it does', async () => {
    expect((await api.get('/api/v1/contacts?stgae=lead')).body).toMatchObject({
      status: 400,
      code: 'unknown_parameter',
      detail: expect.stringContaining('did you mean "stage"'),
    });
    expect((await api.get('/api/v1/contacts?sort=age')).body).toMatchObject({
      status: 400,
      code: 'unsupported_sort',
      supported: expect.arrayContaining(['-updatedAt', 'name']),
    });
    expect(
      (await api.get('/api/v1/contacts?limit=101&stage=vip&createdAt[gt]=yesterday')).body,
    ).toMatchObject({
      status: 422,
      errors: expect.arrayContaining([
        expect.objectContaining({ parameter: 'limit' }),
        expect.objectContaining({ parameter: 'stage' }),
        expect.objectContaining({ parameter: 'createdAt[gt]' }),
      ]),
    });
    for (const query of [
      'cursor=',
      'name[prefix]=%23',
      `email=${'x'.repeat(3_000)}`,
      'updatedAt[gte]=9999-12-31T23:59:59-12:00',
    ]) {
      expect((await api.get(`/api/v1/contacts?${query}`)).status).toBeGreaterThanOrEqual(400);
      expect((await api.get(`/api/v1/contacts?${query}`)).status).toBeLessThan(500);
    }
    expect((await api.get('/api/v1/contacts?limit=1&limit=2')).body).toMatchObject({
      code: 'validation_failed',
    });
  });
});

describe('a filter', () => {
  test.each([
    '/tasks?createdAt[gte]=2026-02-30',
    '/tasks?createdAt[gte]=2026-02-30T00:00:00Z',
    '/tasks?createdAt[gte]=2025-02-29',
    '/tasks?createdAt[gte]=2026-01-31T24:00:00Z',
    '/contacts?updatedAt[lt]=2026-04-31',
    '/dead-letters?from=2026-02-30',
    '/dead-letters?to=2026-13-01',
  ])('refuses a time that no calendar has: %s', async (path) => {
    const answer = await api.get(`/api/v1${path}`);
    expect([answer.summary, answer.status]).toEqual([answer.summary, 422]);
    expect(answer.body.errors).toMatchObject([{ code: 'invalid_value' }]);
  });

  test('takes a 29 February of a leap year', async () => {
    expect((await api.get('/api/v1/tasks?createdAt[gte]=2024-02-29')).status).toBe(200);
  });
});
