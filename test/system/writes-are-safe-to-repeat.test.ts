import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

const keyed = (key: string = randomUUID()) => ({ 'idempotency-key': key });

describe('an Idempotency-Key', () => {
  test('gives the first answer again, letter by letter', async () => {
    const headers = keyed();
    const first = await api.post('/api/v1/contacts', { name: 'Once', email: 'once@x.example' }, headers);
    const second = await api.post('/api/v1/contacts', { name: 'Once', email: 'once@x.example' }, headers);
    expect(second).toMatchObject({ status: 201, text: first.text });
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
  });

  test('makes one record of twenty requests at once', async () => {
    const headers = keyed();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.post('/api/v1/companies', { name: 'Simultaneous' }, headers)),
    );
    const made = answers.filter(({ status }) => status === 201);
    for (const { status } of answers) expect([201, 409, 503]).toContain(status);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    expect((await api.get('/api/v1/companies?name=Simultaneous')).body.data).toHaveLength(1);
  });

  test('is refused for another body, valid or not, and changes nothing', async () => {
    const headers = keyed();
    await api.post('/api/v1/contacts', { name: 'Mine' }, headers);
    for (const body of [{ name: 'Other' }, { name: 5 }]) {
      expect((await api.post('/api/v1/contacts', body, headers)).body).toMatchObject({ status: 422 });
    }
    expect((await api.post('/api/v1/contacts', { name: 'Other' }, headers)).body.code).toBe(
      'idempotency_mismatch',
    );
    expect((await api.get('/api/v1/contacts?name=Other')).body.data).toEqual([]);
  });

  test('belongs to its tenant', async () => {
    const headers = keyed();
    const other = await callerOf();
    const mine = await api.post('/api/v1/contacts', { name: 'Same key' }, headers);
    const theirs = await other.post('/api/v1/contacts', { name: 'Same key' }, headers);
    expect(theirs.status).toBe(201);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });

  test('belongs to its caller within the tenant', async () => {
    const headers = keyed();
    const colleague = await api.as('member');
    const mine = await api.post('/api/v1/contacts', { name: 'Same body' }, headers);
    const theirs = await colleague.post('/api/v1/contacts', { name: 'Same body' }, headers);
    expect(theirs.headers.get('idempotent-replayed')).toBeNull();
    expect(theirs.body.id).not.toBe(mine.body.id);
    const again = await api.post('/api/v1/contacts', { name: 'Same body' }, headers);
    expect(again.body.id).toBe(mine.body.id);
  });

  test('covers actions whose second run would be refused', async () => {
    const { id } = (await api.post('/api/v1/contacts', { name: 'Back' })).body;
    await api.del(`/api/v1/contacts/${id}`);
    const headers = keyed();
    const first = await api.post(`/api/v1/contacts/${id}/restore`, undefined, headers);
    const second = await api.post(`/api/v1/contacts/${id}/restore`, undefined, headers);
    expect(first.status).toBe(200);
    expect(second).toMatchObject({ status: 200, text: first.text });
  });

  test('must be printable and short', async () => {
    expect((await api.post('/api/v1/contacts', { name: 'X' }, keyed('x'.repeat(256)))).body).toMatchObject({
      code: 'validation_failed',
      errors: [{ parameter: 'Idempotency-Key' }],
    });
  });

  test('covers each operation of a batch', async () => {
    const headers = keyed();
    const batch = {
      operations: [
        { op: 'create', data: { name: 'Batch one', email: 'b1@x.example' } },
        { op: 'create', data: { name: 'Batch two' } },
      ],
    };
    const first = await api.post('/api/v1/contacts/batch', batch, headers);
    const second = await api.post('/api/v1/contacts/batch', batch, headers);
    expect(first.status).toBe(200);
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect((await api.get('/api/v1/contacts?name[prefix]=batch')).body.data).toHaveLength(2);
    const { id } = first.body.results[0].data;
    const mixed = {
      operations: [
        { op: 'create', data: { name: 'Mixed', email: 'mixed@x.example' } },
        { op: 'create', data: { name: 'Refused', email: 'mixed@x.example' } },
        { op: 'update', id, data: { title: 'Set once' } },
      ],
    };
    const again = keyed();
    const some = await api.post('/api/v1/contacts/batch', mixed, again);
    expect([some.status, some.headers.get('idempotent-replayed')]).toEqual([207, null]);
    const replayed = await api.post('/api/v1/contacts/batch', mixed, again);
    expect([replayed.status, replayed.headers.get('idempotent-replayed')]).toEqual([207, 'true']);
    expect(replayed.body.results[2]).toEqual(some.body.results[2]);
  });
});

describe('an Idempotency-Key of a batch', () => {
  test('is refused as a whole for another batch, and for what is no batch', async () => {
    const headers = keyed();
    const batch = (...names: string[]) => ({
      operations: names.map((name) => ({ op: 'create', data: { name } })),
    });
    expect((await api.post('/api/v1/contacts/batch', batch('Key one'), headers)).status).toBe(200);
    const other = await api.post('/api/v1/contacts/batch', batch('Key two', 'Key three'), headers);
    expect(other.body).toMatchObject({ status: 422, code: 'idempotency_mismatch' });
    const single = await api.post('/api/v1/contacts', { name: 'Key four' }, headers);
    expect(single.body).toMatchObject({ code: 'idempotency_mismatch' });
    const used = keyed();
    await api.post('/api/v1/contacts', { name: 'Key five' }, used);
    expect((await api.post('/api/v1/contacts/batch', batch('Key six'), used)).body.code).toBe(
      'idempotency_mismatch',
    );
    const found = (await api.get('/api/v1/contacts?name[prefix]=key%20')).body.data;
    expect(found.map(({ name }: { name: string }) => name).toSorted()).toEqual(['Key five', 'Key one']);
  });

  test('refuses an atomic batch whose answer is too large to be kept, before it writes', async () => {
    const operations = Array.from({ length: 30 }, (_, at) => ({
      op: 'create',
      data: { name: `Large ${at}`, notes: 'x'.repeat(19_000) },
    }));
    const answer = await api.post('/api/v1/contacts/batch', { atomic: true, operations }, keyed());
    expect(answer).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    expect((await api.get('/api/v1/contacts?name[prefix]=large')).body.data).toEqual([]);
  });
});

describe('a batch', () => {
  test('has a result for each operation, and 207 when some did not pass', async () => {
    const kept = (await api.post('/api/v1/contacts', { name: 'Kept' })).body;
    const answer = await api.post('/api/v1/contacts/batch', {
      operations: [
        { op: 'create', data: { name: 'New' } },
        { op: 'create', data: { nmae: 'Typo' } },
        { op: 'update', id: kept.id, data: { title: 'Set' }, ifMatch: '"v1"' },
        { op: 'update', id: kept.id, data: { title: 'Stale' }, ifMatch: '"v9"' },
        { op: 'upsert', by: 'email', data: { name: 'Ups', email: 'ups@x.example' } },
        { op: 'delete', id: 'con_01ARZ3NDEKTSV4RRFFQ69G5FAV' },
      ],
    });
    expect(answer.status).toBe(207);
    const { results } = answer.body;
    expect(results.map(({ index, status }: { index: number; status: number }) => [index, status])).toEqual([
      [0, 201],
      [1, 422],
      [2, 200],
      [3, 412],
      [4, 201],
      [5, 404],
    ]);
    expect(results[1].problem.errors).toContainEqual(
      expect.objectContaining({ pointer: '/operations/1/data/nmae', code: 'unknown_field' }),
    );
    expect(results[1].problem.detail).toMatch(/^\/operations\/1\/data\//);
  });

  test('does what concerns one record or one value in the order of the request', async () => {
    const one = (await api.post('/api/v1/contacts', { name: 'Ordered', email: 'ordered@x.example' })).body;
    const updates = Array.from({ length: 10 }, (_, at) => ({
      op: 'update',
      id: one.id,
      data: { title: `t${at}` },
    }));
    const upserts = Array.from({ length: 4 }, (_, at) => ({
      op: 'upsert',
      by: 'email',
      data: { name: `Upsert ${at}`, email: 'same@x.example' },
    }));
    const answer = await api.post('/api/v1/contacts/batch', { operations: [...updates, ...upserts] });
    const statuses = answer.body.results.map(({ status }: { status: number }) => status);
    expect(statuses).toEqual([...Array(10).fill(200), 201, 200, 200, 200]);
    expect((await api.get(`/api/v1/contacts/${one.id}`)).body.title).toBe('t9');
    const moved = await api.post('/api/v1/contacts/batch', {
      operations: [
        { op: 'delete', id: one.id },
        { op: 'create', data: { name: 'Successor', email: 'ordered@x.example' } },
        { op: 'delete', id: '' },
      ],
    });
    expect(moved.body.results.map(({ status }: { status: number }) => status)).toEqual([204, 201, 404]);
  });

  test('that is atomic changes all or nothing', async () => {
    const taken = (await api.post('/api/v1/contacts', { name: 'Taken', email: 'taken@x.example' })).body;
    const refused = await api.post('/api/v1/contacts/batch', {
      atomic: true,
      operations: [
        { op: 'create', data: { name: 'Atomic one' } },
        { op: 'create', data: { name: 'Atomic two', email: 'taken@x.example' } },
      ],
    });
    expect(refused.body).toMatchObject({ status: 409, code: 'duplicate', existingId: taken.id });
    expect((await api.get('/api/v1/contacts?name[prefix]=atomic')).body.data).toEqual([]);
    const passed = await api.post('/api/v1/contacts/batch', {
      atomic: true,
      operations: [
        { op: 'create', data: { name: 'Atomic one' } },
        { op: 'delete', id: taken.id },
      ],
    });
    expect(passed.body.results).toMatchObject([{ status: 201 }, { status: 204 }]);
    expect((await api.get('/api/v1/contacts?name[prefix]=atomic')).body.data).toHaveLength(1);
  });

  test('upserts a part of a record that is there, and creates only a whole one', async () => {
    const email = 'part@x.example';
    const upsert = (data: object) => ({ op: 'upsert', by: 'email', data: { email, ...data } });
    const one = (operation: object) => api.post('/api/v1/contacts/batch', { operations: [operation] });
    const path = `/api/v1/contacts/by/email/${email}`;
    expect((await api.put(path, { title: 'T' })).body).toMatchObject({
      ...{ status: 422, errors: [{ pointer: '/name', code: 'required' }] },
    });
    expect((await one(upsert({ title: 'T' }))).body.results).toMatchObject([
      { status: 422, problem: { errors: [{ pointer: '/operations/0/data/name', code: 'required' }] } },
    ]);
    expect((await api.put(path, { name: 'Part' })).status).toBe(201);
    expect((await api.put(path, { title: 'T' })).body).toMatchObject({ name: 'Part', title: 'T' });
    expect((await one(upsert({ title: null, phone: '+39 06 555' }))).body.results).toMatchObject([
      { status: 200, data: { name: 'Part', title: null, phone: '+39 06 555' } },
    ]);
    expect((await api.put(path, { name: null })).status).toBe(422);
  });

  test('takes 1 to 100 operations', async () => {
    const operations = Array.from({ length: 101 }, () => ({ op: 'create', data: { name: 'Many' } }));
    expect((await api.post('/api/v1/contacts/batch', { operations })).status).toBe(422);
    expect((await api.post('/api/v1/contacts/batch', { operations: [] })).status).toBe(422);
    const answer = await api.post('/api/v1/contacts/batch', { operations: operations.slice(1) });
    expect(answer.status).toBe(200);
    expect(answer.body.results).toHaveLength(100);
  });
});
