import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually } from './support/api.ts';

let api: Api;
const fields = '/api/v1/custom-fields';

const define = async (path: string, body: Record<string, unknown>, status = 201) => {
  const answer = await api.put(`${fields}/${path}`, body);
  expect(answer).toMatchObject({ status });
  return answer.body;
};
const make = async (path: string, body: Record<string, unknown>) => {
  const answer = await api.post(`/api/v1/${path}`, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
};

beforeAll(async () => {
  api = await callerOf();
  await define('contact/region', { type: 'select', label: 'Region', options: ['north', 'south'] });
  await define('contact/size', { type: 'number', label: 'Shoe size' });
  await define('contact/interests', { type: 'multiselect', label: 'Interests', options: ['chess', 'go'] });
  await define('contact/since', { type: 'instant', label: 'Since' });
});

describe('a custom field', () => {
  test('is put, found, listed by name, changed and deleted', async () => {
    const path = `${fields}/company/vatId`;
    const made = await define('company/vatId', { type: 'text', label: 'VAT number' });
    expect(made).toMatchObject({
      entity: 'company',
      name: 'vatId',
      required: false,
      options: null,
      version: 1,
    });
    expect(await define('company/vatId', { type: 'text', label: 'VAT number' }, 200)).toEqual(made);
    expect((await api.put(path, { type: 'text', label: 'x' }, { 'if-none-match': '*' })).status).toBe(412);
    expect((await api.put(path, { type: 'text', label: 'x' }, { 'if-match': '"v9"' })).status).toBe(412);
    const changed = await define('company/vatId', { type: 'text', label: 'VAT', required: true }, 200);
    expect(changed).toMatchObject({ label: 'VAT', required: true, version: 2, createdAt: made.createdAt });
    const read = await api.get(path);
    expect(read.body).toEqual(changed);
    expect((await api.get(path, { 'if-none-match': read.headers.get('etag') ?? '' })).status).toBe(304);
    expect((await api.get(`${fields}/contact`)).body.data.map(({ name }: { name: string }) => name)).toEqual([
      'interests',
      'region',
      'since',
      'size',
    ]);
    expect((await api.del(path, { 'if-match': '"v1"' })).status).toBe(412);
    expect((await api.del(path)).status).toBe(204);
    expect((await api.get(path)).status).toBe(404);
    expect((await api.del(path)).status).toBe(404);
  });

  test.each([
    ['contact/Region', { type: 'text', label: 'x' }, 422, '/name'],
    ['contact/r-2', { type: 'text', label: 'x' }, 422, '/name'],
    ['contact/r2', { type: 'colour', label: 'x' }, 422, '/type'],
    ['contact/r2', { type: 'text' }, 422, '/label'],
    ['contact/r2', { type: 'select', label: 'x' }, 422, '/options'],
    ['contact/r2', { type: 'text', label: 'x', options: ['a'] }, 422, '/options'],
    ['contact/r2', { type: 'select', label: 'x', options: ['a', 'a'] }, 422, '/options'],
    ['contact/size', { type: 'text', label: 'x' }, 422, '/type'],
  ])('put at %s as %j is refused', async (path, body, status, pointer) => {
    const answer = await api.put(`${fields}/${path}`, body);
    expect(answer).toMatchObject({ status, body: { errors: [{ pointer }] } });
  });

  test('may be called like a member of every object, but not __proto__', async () => {
    const tenant = await callerOf();
    const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty'];
    for (const name of names) {
      const answer = await tenant.put(`${fields}/contact/${name}`, { type: 'text', label: name });
      expect(answer.summary).toMatch(/→ 201/);
    }
    const custom = Object.fromEntries(names.map((name) => [name, 'x']));
    const path = '/api/v1/contacts';
    await tenant.post(path, { name: 'Without', email: 'without@x.example' });
    const { id } = (await tenant.post(path, { name: 'Named', custom: { valueOf: 'x' } })).body;
    expect((await tenant.patch(`${path}/${id}`, { custom })).body.custom).toEqual(custom);
    for (const query of ['custom.constructor=x', 'custom.toString=x&name=named']) {
      const { data } = (await tenant.get(`${path}?${query}`)).body;
      expect(data.map((row: { id: string }) => row.id)).toEqual([id]);
    }
    const none = await tenant.get(`${path}?email=without@x.example&custom.constructor[in]=x`);
    expect(none.body.data).toEqual([]);
    const history = await eventually(
      () => tenant.get(`${path}/${id}/history`),
      ({ body }) => body.data.length === 2,
    );
    expect(history.body.data[0].changes).toContainEqual({
      ...{ field: 'custom.constructor', old: null, new: 'x' },
    });
    const proto = '{"name":"P","custom":{"__proto__":{"x":1}}}';
    for (const [to, body, pointer] of [
      [path, proto, '/custom/__proto__'],
      [path, '{"name":"P","__proto__":1}', '/__proto__'],
      [
        `${path}/batch`,
        `{"atomic":true,"operations":[{"op":"create","data":${proto}}]}`,
        '/operations/0/data/custom/__proto__',
      ],
    ] as const) {
      expect((await tenant.post(to, body)).body).toMatchObject({
        ...{ status: 422, errors: [{ pointer, code: 'unknown_field' }] },
      });
    }
  });

  test('belongs to entities that have them, and to those who may change settings', async () => {
    expect((await api.get(`${fields}/invoice`)).status).toBe(404);
    const member = await api.as('member');
    expect((await member.get(`${fields}/contact/region`)).status).toBe(200);
    expect((await member.put(`${fields}/contact/mine`, { type: 'text', label: 'x' })).status).toBe(403);
  });

  test('becomes a type that all of its values are of, and comes back with them after it was deleted', async () => {
    await define('company/level', { type: 'select', label: 'Level', options: ['gold'] });
    const { id } = await make('companies', { name: 'Levelled', custom: { level: 'gold' } });
    await api.del(`${fields}/company/level`);
    expect((await api.get(`/api/v1/companies/${id}`)).body.custom).toEqual({ level: 'gold' });
    expect((await api.patch(`/api/v1/companies/${id}`, { custom: { level: 'gold' } })).status).toBe(422);
    expect((await api.put(`${fields}/company/level`, { type: 'boolean', label: 'x' })).status).toBe(422);
    await define('company/level', { type: 'text', label: 'Level' });
    expect((await api.patch(`/api/v1/companies/${id}`, { custom: { level: 'other' } })).status).toBe(200);
  });
});

describe('the custom values of a record', () => {
  test('are kept unchanged, merged by a patch, and in its history', async () => {
    const custom = { size: 38.5, region: 'north', since: '2026-01-31T09:30:00+01:00' };
    const ada = await make('contacts', { name: 'Ada', custom });
    const stored = { ...custom, since: '2026-01-31T08:30:00.000Z' };
    expect(ada.custom).toEqual(stored);
    const path = `/api/v1/contacts/${ada.id}`;
    const patched = await api.patch(path, { custom: { region: null, interests: ['go'] } });
    expect(patched.body).toMatchObject({ version: 2 });
    expect(patched.body.custom).toEqual({ size: 38.5, since: stored.since, interests: ['go'] });
    expect((await api.get(path)).body).toEqual(patched.body);
    expect((await make('contacts', { name: 'None' })).custom).toEqual({});
    const history = await eventually(
      () => api.get(`${path}/history`),
      ({ body }) => body.data.length === 2,
    );
    expect(history.body.data[0].changes[0].field).toMatch(/^custom/);
  });

  test('are refused with pointers, in a batch and an upsert too', async () => {
    const data = { name: 'Bad', custom: { regoin: 'north', region: 'west', size: '38' } };
    const answer = await api.post('/api/v1/contacts', data);
    expect(answer).toMatchObject({
      status: 422,
      body: {
        errors: [
          { pointer: '/custom/regoin', code: 'unknown_field', message: expect.stringContaining('"region"') },
          { pointer: '/custom/region', code: 'invalid_value', message: 'must be one of: north, south' },
          { pointer: '/custom/size', code: 'invalid_type' },
        ],
      },
    });
    const batch = await api.post('/api/v1/contacts/batch', {
      operations: [
        { op: 'create', data },
        { op: 'create', data: { name: 'Good', custom: { region: 'south' } } },
      ],
    });
    expect(batch.body.results).toMatchObject([
      { status: 422, problem: { errors: [{ pointer: '/operations/0/data/custom/regoin' }, {}, {}] } },
      { status: 201, data: { custom: { region: 'south' } } },
    ]);
    const email = `${api.tenantId}@upsert.example`;
    const upsert = (custom: object) => api.put(`/api/v1/contacts/by/email/${email}`, { name: 'Up', custom });
    expect((await upsert({ region: 7 })).status).toBe(422);
    expect((await upsert({ region: 'north' })).status).toBe(201);
    expect((await upsert({ size: 1 })).body.custom).toEqual({ region: 'north', size: 1 });
  });

  test('that are required must be there from the start and stay', async () => {
    await define('deal/source', { type: 'text', label: 'Source', required: true });
    const refused = await api.post('/api/v1/deals', { title: 'No source' });
    expect(refused).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/custom/source', code: 'required' }] },
    });
    const { id } = await make('deals', { title: 'Sourced', custom: { source: 'fair' } });
    expect((await api.patch(`/api/v1/deals/${id}`, { custom: { source: null } })).status).toBe(422);
    expect((await api.patch(`/api/v1/deals/${id}`, { title: 'Renamed' })).body.custom).toEqual({
      source: 'fair',
    });
  });

  test('filter lists', async () => {
    const rows = [
      { name: 'One', custom: { region: 'north', size: 1.5, interests: ['chess'] } },
      { name: 'Two', custom: { region: 'north', size: 2.5, interests: ['chess', 'go'] } },
      { name: 'Three', custom: { region: 'south', size: 3 } },
    ];
    for (const row of rows) await make('contacts', { ...row, source: 'filters' });
    const names = async (query: string) => {
      const answer = await api.get(`/api/v1/contacts?source=filters&sort=createdAt&${query}`);
      expect(answer).toMatchObject({ status: 200 });
      return answer.body.data.map(({ name }: { name: string }) => name).join(' ');
    };
    expect(await names('custom.region=north')).toBe('One Two');
    expect(await names('custom.region[in]=south,west')).toBe('Three');
    expect(await names('custom.size[gt]=1.5&custom.region=north')).toBe('Two');
    expect(await names('custom.size=3')).toBe('Three');
    expect(await names('custom.interests=go')).toBe('Two');
    expect((await api.get('/api/v1/contacts?custom.regoin=north')).body).toMatchObject({
      status: 400,
      code: 'unknown_parameter',
      detail: expect.stringContaining('did you mean "custom.region"?'),
    });
    expect((await api.get('/api/v1/contacts?custom.size[prefix]=1')).status).toBe(400);
    expect((await api.get('/api/v1/contacts?custom.size=big')).status).toBe(422);
    expect((await api.get('/api/v1/products?custom.size=1')).status).toBe(400);
  });
});
