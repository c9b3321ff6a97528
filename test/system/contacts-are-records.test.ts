import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, sharedStack } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

const create = async (body: Record<string, unknown>) => {
  const answer = await api.post('/api/v1/contacts', body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
};

describe('a contact', () => {
  test('is created with its defaults, an entity tag and a location', async () => {
    const answer = await api.post('/api/v1/contacts', { name: 'Ada Lovelace', email: 'Ada@Example.com' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('etag')).toBe('"v1"');
    expect(answer.headers.get('location')).toBe(`/api/v1/contacts/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      id: expect.stringMatching(/^con_[0-9A-Z]{26}$/),
      version: 1,
      name: 'Ada Lovelace',
      email: 'Ada@Example.com',
      stage: 'lead',
      status: 'active',
      tags: [],
      phone: null,
      createdBy: `owner-${api.tenantId}`,
      updatedBy: `owner-${api.tenantId}`,
    });
    const read = await api.get(`/api/v1/contacts/${answer.body.id}`);
    expect(read.body).toEqual(answer.body);
  });

  test('holds any text, and refuses what is none', async () => {
    for (const name of [
      '👩‍🚀 Ada',
      'עברית',
      '<script>alert(1)</script>',
      '__proto__',
      "Robert'); DROP",
      '한국어',
    ]) {
      expect((await create({ name })).name).toBe(name);
    }
    for (const name of ['', '   ', 'nul\u0000', 'x'.repeat(201), 7, null, ['x'], {}]) {
      expect((await api.post('/api/v1/contacts', { name })).status).toBe(422);
    }
    const bytes = await fetch(new URL('/api/v1/contacts', sharedStack().url), {
      method: 'POST',
      headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
      body: Buffer.from([...Buffer.from('{"name":"'), 0xff, 0xfe, ...Buffer.from('"}')]),
    });
    expect(bytes.status).toBe(400);
    expect((await create({ name: `${'a'.repeat(198)}😀` })).version).toBe(1);
    expect(
      (await api.post('/api/v1/contacts', `{"name":${'['.repeat(5_000)}${']'.repeat(5_000)}}`)).status,
    ).toBe(400);
    const half = await api.post('/api/v1/contacts', '{"name":"x\\ud800"}');
    expect(half.body).toMatchObject({ status: 400, code: 'malformed_json' });
    expect((await api.post('/api/v1/contacts', '{"name":"\\ud83d\\ude00"}')).body.name).toBe('😀');
  });

  test('answers 304 to a GET that has it already', async () => {
    const { id } = await create({ name: 'Not modified' });
    const answer = await api.get(`/api/v1/contacts/${id}`, { 'if-none-match': '"v1"' });
    expect(answer).toMatchObject({ status: 304, text: '' });
    await api.patch(`/api/v1/contacts/${id}`, { title: 'Changed' });
    expect((await api.get(`/api/v1/contacts/${id}`, { 'if-none-match': '"v1"' })).status).toBe(200);
  });

  test('takes a merge patch: null clears, nested objects merge, the rest stays', async () => {
    const { id } = await create({
      name: 'Patch me',
      title: 'CTO',
      notes: 'keep',
      address: { line1: 'Via Roma 1', city: 'Roma' },
    });
    const plain = await api.patch(`/api/v1/contacts/${id}`, { title: null, stage: 'customer' });
    expect(plain.body).toMatchObject({ version: 2, title: null, stage: 'customer', notes: 'keep' });
    expect(plain.headers.get('etag')).toBe('"v2"');
    const nested = await api.patch(`/api/v1/contacts/${id}`, { address: { city: null, country: 'Italy' } });
    expect(nested.body.address).toEqual({ line1: 'Via Roma 1', country: 'Italy' });
    expect((await api.patch(`/api/v1/contacts/${id}`, { address: null })).body.address).toBeNull();
  });

  test('is changed under If-Match only at that version', async () => {
    const { id } = await create({ name: 'Versioned' });
    const first = await api.patch(`/api/v1/contacts/${id}`, { title: 'a' }, { 'if-match': '"v1"' });
    expect(first.status).toBe(200);
    for (const path of [`/api/v1/contacts/${id}`]) {
      const stale = await api.patch(path, { title: 'b' }, { 'if-match': '"v1"' });
      expect(stale.body).toMatchObject({ status: 412, code: 'precondition_failed', currentVersion: 2 });
      const staleWithRead = await api.patch(path, { email: 'b@x.example' }, { 'if-match': '"v1"' });
      expect(staleWithRead.body).toMatchObject({ code: 'precondition_failed' });
      const staleDelete = await api.del(path, { 'if-match': '"v1"' });
      expect(staleDelete.body).toMatchObject({ code: 'precondition_failed' });
    }
    expect((await api.get(`/api/v1/contacts/${id}`)).body).toMatchObject({
      version: 2,
      title: 'a',
      email: null,
    });
  });

  test('loses no write when twenty patch it at once', async () => {
    const { id } = await create({ name: 'Busy' });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        at % 2
          ? api.patch(`/api/v1/contacts/${id}`, { score: at })
          : api.patch(`/api/v1/contacts/${id}`, { email: `busy${at}-${api.tenantId}@x.example` }),
      ),
    );
    const passed = answers.filter(({ status }) => status === 200);
    for (const answer of answers) expect([200, 409, 503]).toContain(answer.status);
    expect((await api.get(`/api/v1/contacts/${id}`)).body.version).toBe(1 + passed.length);
  });

  test('is deleted softly, disappears, and comes back', async () => {
    const made = await create({ name: 'Phoenix', email: 'phoenix@x.example' });
    const path = `/api/v1/contacts/${made.id}`;
    expect(await api.del(path)).toMatchObject({ status: 204, text: '' });
    expect((await api.get(path)).body).toMatchObject({ code: 'not_found' });
    expect((await api.del(path)).status).toBe(404);
    expect((await api.patch(path, { title: 'x' })).status).toBe(404);
    expect((await api.get('/api/v1/contacts?name=Phoenix')).body.data).toEqual([]);
    const restored = await api.post(`${path}/restore`);
    expect(restored.body).toMatchObject({ id: made.id, name: 'Phoenix', version: 3 });
    expect((await api.get('/api/v1/contacts?name=Phoenix')).body.data).toHaveLength(1);
    expect((await api.post(`${path}/restore`)).body).toMatchObject({ code: 'invalid_transition' });
  });

  test('is not found under what no id looks like', async () => {
    for (const id of ['x', 'con_', `con_${'A'.repeat(3_000)}`, '%00', '..%2f..', 'con_%F0%9F%98%80']) {
      for (const answer of [
        await api.get(`/api/v1/contacts/${id}`),
        await api.patch(`/api/v1/contacts/${id}`, { title: 'x' }),
        await api.del(`/api/v1/contacts/${id}`),
      ]) {
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
    }
  });

  test('is restored under If-Match only at that version', async () => {
    const { id } = await create({ name: 'Restored once' });
    await api.del(`/api/v1/contacts/${id}`);
    const stale = await api.post(`/api/v1/contacts/${id}/restore`, undefined, { 'if-match': '"v1"' });
    expect(stale.body).toMatchObject({ status: 412 });
    expect((await api.post(`/api/v1/contacts/${id}/restore`, undefined, { 'if-match': '"v2"' })).status).toBe(
      200,
    );
  });

  test('keeps instants that sort, and refuses others', async () => {
    const made = await create({ name: 'Timely', lastContactedAt: '2026-01-31T10:00:00+01:00' });
    expect(made.lastContactedAt).toBe('2026-01-31T09:00:00.000Z');
    for (const lastContactedAt of [
      '9999-12-31T23:59:59-12:00',
      '2026-02-30T00:00:00Z',
      '2026-01-31',
      'now',
    ]) {
      expect((await api.post('/api/v1/contacts', { name: 'X', lastContactedAt })).status).toBe(422);
    }
  });

  test('frees its e-mail when deleted and wants it back when restored', async () => {
    const first = await create({ name: 'First', email: 'shared@x.example' });
    await api.del(`/api/v1/contacts/${first.id}`);
    const second = await create({ name: 'Second', email: 'SHARED@x.example' });
    expect((await api.post(`/api/v1/contacts/${first.id}/restore`)).body).toMatchObject({
      code: 'duplicate',
      existingId: second.id,
    });
  });
});

describe('unique values', () => {
  test.each([
    ['an e-mail address', { email: 'jos\u00e9@x.example' }, { email: 'jose\u0301@x.example' }],
    ['a telephone number', { phone: '+49 (0)30 222222' }, { phone: '+4930222222' }],
  ])('are unique however %s is written', async (_, one, other) => {
    const { id } = await create({ name: 'One', ...one });
    const answer = await api.post('/api/v1/contacts', { name: 'Other', ...other });
    expect(answer).toMatchObject({ status: 409, body: { code: 'duplicate', existingId: id } });
  });

  test('name the record that has them', async () => {
    const first = await create({ name: 'One', email: 'one@x.example', phone: '+39 06 1234 567' });
    const byEmail = await api.post('/api/v1/contacts', { name: 'Two', email: ' ONE@X.example ' });
    expect(byEmail.body).toMatchObject({ status: 409, code: 'duplicate', existingId: first.id });
    const byPhone = await api.post('/api/v1/contacts', { name: 'Two', phone: '0039 (06) 1234-567' });
    expect(byPhone.body).toMatchObject({ code: 'duplicate', existingId: first.id });
    const other = await create({ name: 'Other' });
    const byPatch = await api.patch(`/api/v1/contacts/${other.id}`, { email: 'one@x.example' });
    expect(byPatch.body).toMatchObject({ code: 'duplicate', existingId: first.id });
  });

  test('are won by exactly one of twenty at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        api.post('/api/v1/contacts', { name: 'Race', email: 'race@x.example' }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect((await api.get('/api/v1/contacts?name=Race')).body.data).toHaveLength(1);
    for (const { status } of answers) expect([201, 409]).toContain(status);
  });

  test('are free again for others after a change', async () => {
    const first = await create({ name: 'Moves', email: 'old@x.example' });
    await api.patch(`/api/v1/contacts/${first.id}`, { email: 'new@x.example' });
    await create({ name: 'Takes', email: 'old@x.example' });
    expect((await api.post('/api/v1/contacts', { name: 'No', email: 'new@x.example' })).status).toBe(409);
  });
});

describe('upsert by e-mail', () => {
  test('creates once and changes afterwards', async () => {
    const path = '/api/v1/contacts/by/email/upsert%40x.example';
    const created = await api.put(path, { name: 'Up', title: 'first' });
    expect(created).toMatchObject({ status: 201, body: { email: 'upsert@x.example', title: 'first' } });
    const changed = await api.put(path, { name: 'Up', notes: 'more' });
    expect(changed).toMatchObject({
      status: 200,
      body: { id: created.body.id, title: 'first', notes: 'more' },
    });
  });

  test('does not let the body clear the address of the path', async () => {
    const path = '/api/v1/contacts/by/email/cleared%40x.example';
    expect((await api.put(path, { name: 'C', email: null })).body).toMatchObject({
      errors: [{ pointer: '/email' }],
    });
    await api.put(path, { name: 'C' });
    expect((await api.put(path, { name: 'C', email: null })).status).toBe(422);
    expect((await api.get('/api/v1/contacts?email=cleared@x.example')).body.data).toHaveLength(1);
  });

  test('makes one record of ten at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        api.put('/api/v1/contacts/by/email/many%40x.example', { name: 'Many', score: at }),
      ),
    );
    const ids = new Set(answers.filter(({ status }) => status < 300).map(({ body }) => body.id));
    expect(ids.size).toBe(1);
  });

  test('checks the address of the path and refuses another one in the body', async () => {
    expect((await api.put('/api/v1/contacts/by/email/nonsense', { name: 'X' })).body).toMatchObject({
      code: 'validation_failed',
      errors: [{ pointer: '/email' }],
    });
    const mismatch = await api.put('/api/v1/contacts/by/email/a%40x.example', {
      name: 'X',
      email: 'b@x.example',
    });
    expect(mismatch.body).toMatchObject({ errors: [{ pointer: '/email', code: 'mismatch' }] });
  });
});

describe('companies', () => {
  test('have unique domains and no cycle among parents', async () => {
    const make = async (body: Record<string, unknown>) => (await api.post('/api/v1/companies', body)).body;
    const top = await make({ name: 'Top', domain: 'Top.example' });
    const middle = await make({ name: 'Middle', parentId: top.id });
    const bottom = await make({ name: 'Bottom', parentId: middle.id });
    expect(await make({ name: 'Twin', domain: 'top.example' })).toMatchObject({
      code: 'duplicate',
      existingId: top.id,
    });
    expect((await api.patch(`/api/v1/companies/${top.id}`, { parentId: bottom.id })).body).toMatchObject({
      code: 'validation_failed',
      errors: [{ pointer: '/parentId', code: 'cycle' }],
    });
    const children = await api.get(`/api/v1/companies?parentId=${top.id}`);
    expect(children.body.data.map(({ id }: { id: string }) => id)).toEqual([middle.id]);
  });

  test('are not closed into a ring by a restore', async () => {
    const make = async (name: string, parentId?: string) =>
      (await api.post('/api/v1/companies', { name, parentId })).body.id;
    const c = await make('Ring C');
    const a = await make('Ring A', c);
    const b = await make('Ring B', a);
    await api.del(`/api/v1/companies/${a}`);
    expect((await api.patch(`/api/v1/companies/${c}`, { parentId: b })).status).toBe(200);
    expect((await api.post(`/api/v1/companies/${a}/restore`)).body).toMatchObject({
      errors: [{ code: 'cycle' }],
    });
  });

  test('are never closed into a ring by two changes at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [a, b] = await Promise.all(
        ['A', 'B'].map(
          async (name) => (await api.post('/api/v1/companies', { name: `${name}${round}` })).body.id,
        ),
      );
      await Promise.all([
        api.patch(`/api/v1/companies/${a}`, { parentId: b }),
        api.patch(`/api/v1/companies/${b}`, { parentId: a }),
      ]);
      const [first, second] = await Promise.all(
        [a, b].map(async (id) => (await api.get(`/api/v1/companies/${id}`)).body),
      );
      expect([first.parentId, second.parentId]).toContain(null);
    }
  });

  test('must exist for a contact to belong to them', async () => {
    const company = (await api.post('/api/v1/companies', { name: 'Real' })).body;
    const member = await create({ name: 'Member', companyId: company.id });
    expect(member.companyId).toBe(company.id);
    const answer = await api.post('/api/v1/contacts', {
      name: 'X',
      companyId: 'com_01ARZ3NDEKTSV4RRFFQ69G5FAV',
    });
    expect(answer.body).toMatchObject({ errors: [{ pointer: '/companyId', code: 'unknown_reference' }] });
  });
});
