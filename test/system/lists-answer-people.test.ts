import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf } from './support/api.ts';

let api: Api;
let company: string;
const ids: Record<string, string> = {};

const make = async (path: string, body: Record<string, unknown>, by = api) => {
  const answer = await by.post(`/api/v1/${path}`, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body.id as string;
};
const day = (number: number) => `2026-04-0${number}T08:00:00.000Z`;

beforeAll(async () => {
  api = await callerOf();
  company = await make('companies', { name: 'Analytical Engines', industry: 'machines' });
  const mine = `owner-${api.tenantId}`;
  const contacts = [
    { name: 'Ada', companyId: company, ownerId: mine, score: 90, nextFollowUpAt: day(3), source: 'fair' },
    { name: 'Bob', ownerId: 'someone', score: 9, nextFollowUpAt: day(1), stage: 'customer' },
    { name: 'Cleo', ownerId: mine, score: 100, nextFollowUpAt: day(2), lastContactedAt: day(1) },
    { name: 'Dora' },
  ];
  for (const contact of contacts) ids[contact.name] = await make('contacts', contact);
});

const names = async (query: string, by = api) => {
  const answer = await by.get(`/api/v1/contacts?${query}`);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.data.map(({ name }: { name: string }) => name).join(' ');
};

describe('a list of contacts', () => {
  test.each([
    ['nextFollowUpAt[lt]=2026-04-03', 'Bob Cleo'],
    ['nextFollowUpAt[lt]=2026-04-03&stage=lead', 'Cleo'],
    ['sort=-nextFollowUpAt', 'Ada Cleo Bob'],
    ['nextFollowUpAt[gte]=2026-04-02&nextFollowUpAt[lt]=2026-04-03', 'Cleo'],
    ['sort=score', 'Bob Ada Cleo'],
    ['score[gte]=10', 'Ada Cleo'],
    ['score[gt]=9&score[lte]=90&sort=-score', 'Ada'],
    ['lastContactedAt[gte]=2026-01-01', 'Cleo'],
    ['source[in]=fair,web', 'Ada'],
    ['stage=lead&sort=name', 'Ada Cleo Dora'],
    ['ownerId=me&sort=name', 'Ada Cleo'],
    ['ownerId[in]=me,someone&sort=name', 'Ada Bob Cleo'],
    ['createdBy=me&sort=-name', 'Dora Cleo Bob Ada'],
  ])('with "%s" has %s', async (query, expected) => {
    expect(await names(query)).toBe(expected);
  });

  test('has what is mine for each caller, tasks included', async () => {
    const member = await api.as('member');
    const todo = await make('tasks', { type: 'todo', title: 'Call', assigneeId: `member-${api.tenantId}` });
    expect(await names('ownerId=me', member)).toBe('');
    expect(await names('createdBy=me', member)).toBe('');
    const mine = (await member.get('/api/v1/tasks?assigneeId=me')).body.data;
    expect(mine.map(({ id }: { id: string }) => id)).toEqual([todo]);
    expect((await api.get('/api/v1/tasks?assigneeId=me')).body.data).toEqual([]);
  });

  test('refuses a sort that no index serves, with those that one does', async () => {
    expect((await api.get('/api/v1/contacts?sort=lastContactedAt')).body).toMatchObject({
      status: 400,
      code: 'unsupported_sort',
      supported: expect.arrayContaining(['score', '-nextFollowUpAt']),
    });
  });
});

describe('expand', () => {
  test('shows what a page refers to beside the ids', async () => {
    const answer = await api.get('/api/v1/contacts?sort=name&limit=2&expand=company');
    expect(answer).toMatchObject({ status: 200 });
    const { data } = answer.body;
    expect(data).toMatchObject([
      { name: 'Ada', companyId: company, company: { id: company, name: 'Analytical Engines', version: 1 } },
      { name: 'Bob', companyId: null, company: null },
    ]);
  });

  test('goes with fields, and with a single record', async () => {
    const one = await api.get(`/api/v1/contacts/${ids.Ada}?fields=name&expand=company`);
    expect(Object.keys(one.body)).toEqual(['name', 'company']);
    expect(one.headers.get('etag')).toBe('"v1"');
    const plain = await api.get(`/api/v1/contacts/${ids.Ada}?fields=id,name`);
    expect(plain.body).toEqual({ id: ids.Ada, name: 'Ada' });
    const same = await api.get(`/api/v1/contacts/${ids.Ada}?fields=id`, { 'if-none-match': '"v1"' });
    expect(same.status).toBe(304);
    const { data } = (await api.get(`/api/v1/contacts?name=ada&fields=id&expand=company`)).body;
    expect(data).toEqual([{ id: ids.Ada, company: expect.objectContaining({ id: company }) }]);
  });

  test('shows several references of activities, null for what is gone', async () => {
    const gone = await make('companies', { name: 'Gone' });
    await make('activities', { kind: 'call', subject: 'both', contactId: ids.Bob, companyId: gone });
    await api.del(`/api/v1/companies/${gone}`);
    const { data } = (await api.get('/api/v1/activities?expand=company,contact,deal')).body;
    expect(data).toMatchObject([{ companyId: gone, company: null, contact: { name: 'Bob' }, deal: null }]);
  });

  test('refuses what is no reference, with those that are', async () => {
    for (const path of ['activities', `contacts/${ids.Ada}`]) {
      const answer = await api.get(`/api/v1/${path}?expand=compny`);
      expect(answer.body).toMatchObject({ status: 422, errors: [{ parameter: 'expand' }] });
      expect(answer.body.detail).toMatch(/did you mean company\?.*supported: /);
    }
    expect((await api.get(`/api/v1/contacts/${ids.Ada}?fields=naem`)).status).toBe(422);
  });
});
