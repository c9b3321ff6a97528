import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually, sharedStack } from './support/api.ts';

/** Records are found by their words, which follow writes within about a second. */

let api: Api;
const names = ['Alice Smith', 'Alicia Smithers', 'Bob Smith', 'Åse Malinowski-Smith', 'Zoe Jones'];

const named = ({ body }: Answer): string[] => body.data.map(({ name }: { name: string }) => name);
const found = (query: string, expected: string[]) =>
  eventually(
    () => api.get(`/api/v1/contacts?${query}`),
    (answer) => JSON.stringify(named(answer)) === JSON.stringify(expected),
  );

beforeAll(async () => {
  api = await callerOf();
  const operations = names.map((name, at) => ({
    op: 'create',
    data: {
      name,
      stage: at % 2 ? 'customer' : 'lead',
      email: `${at}.person@words.example`,
      phone: `+49 30 ${4711 + at}00`,
    },
  }));
  const answer = await api.post('/api/v1/contacts/batch', { operations });
  expect(answer.summary).toContain('→ 200');
});

describe('q', () => {
  test.each([
    ['q=smith', ['Alice Smith', 'Åse Malinowski-Smith', 'Bob Smith', 'Alicia Smithers'].sort()],
    ['q=ali+smi', ['Alice Smith', 'Alicia Smithers']],
    ['q=ASE', ['Åse Malinowski-Smith']],
    ['q=2.person@words', ['Bob Smith']],
    ['q=%2B49+30+471300', ['Bob Smith']],
    ['q=smith&stage=customer', ['Alicia Smithers', 'Åse Malinowski-Smith'].sort()],
    ['q=smith&email=2.person@words.example', ['Bob Smith']],
    ['q=nobody', []],
  ])('%s', async (query, expected) => {
    const answer = await eventually(
      () => api.get(`/api/v1/contacts?${query}`),
      (page) => JSON.stringify(named(page).sort()) === JSON.stringify(expected),
    );
    expect(named(answer).sort()).toEqual(expected);
  });

  test('is paged in the order of the words, each record once', async () => {
    await found('q=smith', ['Alice Smith', 'Bob Smith', 'Åse Malinowski-Smith', 'Alicia Smithers']);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const more: string = cursor && `&cursor=${cursor}`;
      const page: Answer = await api.get(`/api/v1/contacts?q=s&limit=1${more}`);
      seen.push(...named(page));
      cursor = page.body.page.nextCursor;
    }
    expect(seen).toEqual(['Alice Smith', 'Bob Smith', 'Åse Malinowski-Smith', 'Alicia Smithers']);
  });

  test('refuses other sorts, totals, and what has no letter, and its cursor is of this search only', async () => {
    const sort = await api.get('/api/v1/contacts?q=smith&sort=name');
    expect([sort.status, sort.body.code, sort.body.supported]).toEqual([400, 'unsupported_sort', ['word']]);
    expect((await api.get('/api/v1/contacts?sort=word')).body.code).toBe('unsupported_sort');
    for (const query of ['q=smith&include=total', 'q=--', 'q=', `q=${'a'.repeat(201)}`]) {
      expect((await api.get(`/api/v1/contacts?${query}`)).status).toBe(422);
    }
    const { body } = await api.get('/api/v1/contacts?q=smith&limit=1');
    const other = await api.get(`/api/v1/contacts?q=smit&limit=1&cursor=${body.page.nextCursor}`);
    expect(other.body.code).toBe('invalid_cursor');
  });

  test('works in GraphQL, too, where it has no total', async () => {
    await found('q=smithers', ['Alicia Smithers']);
    const ask = (query: string) => api.call('POST', sharedStack().graphqlUrl, { body: { query } });
    const { body } = await ask(
      '{ contacts(q: "smithers") { name } contactPage(q: "ali", filter: { stage: { eq: customer } }) { items { name } } }',
    );
    expect(body.data).toEqual({
      contacts: [{ name: 'Alicia Smithers' }],
      contactPage: { items: [{ name: 'Alicia Smithers' }] },
    });
    const refused = await ask('{ contactPage(q: "ali") { total } }');
    expect(refused.body.errors[0].errorType).toBe('validation_failed');
  });

  test('follows changes, deletion and restoration', async () => {
    const { id } = (await api.post('/api/v1/contacts', { name: 'Quentin Before' })).body;
    await found('q=quentin', ['Quentin Before']);
    await api.patch(`/api/v1/contacts/${id}`, { name: 'Quincy After' });
    expect(named(await found('q=quin', ['Quincy After']))).toEqual(['Quincy After']);
    expect(named(await api.get('/api/v1/contacts?q=quentin'))).toEqual([]);
    await api.del(`/api/v1/contacts/${id}`);
    expect(named(await found('q=quin', []))).toEqual([]);
    await api.post(`/api/v1/contacts/${id}/restore`);
    expect(named(await found('q=quin', ['Quincy After']))).toEqual(['Quincy After']);
  });
});

describe('GET /search', () => {
  test('finds records of all entities by one order, in pages', async () => {
    const company = (
      await api.post('/api/v1/companies', { name: 'Zanzibar Trading', domain: 'zanzibar.example' })
    ).body;
    const contact = (await api.post('/api/v1/contacts', { name: 'Ann Zanzi' })).body;
    const product = (
      await api.post('/api/v1/products', {
        name: 'Zanzibar Cloves',
        sku: 'ZAN-001',
        unitPrice: 1_000,
        currency: 'EUR',
      })
    ).body;
    const all = await eventually(
      () => api.get('/api/v1/search?q=zanz'),
      ({ body }) => body.data?.length === 3,
    );
    expect(all.body.data.map(({ entity, id, title }: Record<string, string>) => [entity, id, title])).toEqual(
      [
        ['contact', contact.id, 'Ann Zanzi'],
        ['company', company.id, 'Zanzibar Trading'],
        ['product', product.id, 'Zanzibar Cloves'],
      ],
    );
    expect(all.body.data[1].fields).toEqual({ name: 'Zanzibar Trading', domain: 'zanzibar.example' });
    const first = await api.get('/api/v1/search?q=zanz&limit=2');
    const second = await api.get(`/api/v1/search?q=zanz&limit=2&cursor=${first.body.page.nextCursor}`);
    expect([...first.body.data, ...second.body.data]).toEqual(all.body.data);
    const some = await api.get('/api/v1/search?q=zanz&entities=company,product');
    expect(some.body.data).toEqual(all.body.data.slice(1));
  });

  test('needs a query and known entities, and shows nothing of other tenants', async () => {
    const none = await api.get('/api/v1/search?entities=contact,person');
    expect(none.body.errors.map(({ parameter }: { parameter: string }) => parameter)).toEqual([
      'q',
      'entities',
    ]);
    const other = await callerOf();
    expect((await other.get('/api/v1/search?q=smith')).body.data).toEqual([]);
  });
});
