import { beforeAll, describe, expect, test } from '@jest/globals';
import { builtInTypes } from '../../functions/tasks/types/task-type.ts';
import { type Answer, type Api, callerOf } from './support/api.ts';

let api: Api;

const type = 'order.pack';
const inputSchema = {
  type: 'object',
  required: ['to', 'items'],
  properties: {
    to: { type: 'string', format: 'email' },
    items: { type: 'array', minItems: 1, items: { $ref: '#/$defs/item' } },
  },
  $defs: {
    item: {
      type: 'object',
      required: ['sku'],
      properties: { sku: { type: 'string', pattern: '^[A-Z]{2,5}$' } },
    },
  },
};
const resultSchema = {
  type: 'object',
  required: ['total'],
  properties: { total: { type: 'integer', minimum: 0 } },
};
const input = { to: 'ada@example.com', items: [{ sku: 'AB' }] };
const definition = { retry: { maxAttempts: 3, initialSeconds: 0, jitter: false }, inputSchema, resultSchema };

const path = (name: string) => `/api/v1/task-types/${name}`;
const pointers = (answer: Answer) => answer.body.errors?.map(({ pointer }: { pointer: string }) => pointer);

async function claimOne(name: string): Promise<{ id: string; leaseToken: string }> {
  const answer = await api.post('/api/v1/tasks/claim', { types: [name], workerId: 'w', waitSeconds: 5 });
  expect([answer.summary, answer.body.tasks?.length]).toEqual([answer.summary, 1]);
  return answer.body.tasks[0];
}

beforeAll(async () => {
  api = await callerOf();
  const answer = await api.put(path(type), definition);
  expect([answer.summary, answer.status]).toEqual([answer.summary, 201]);
});

describe('the input of a task', () => {
  test('is checked when it is enqueued, with a pointer to each thing that is wrong', async () => {
    const refused = await api.post('/api/v1/tasks', {
      type,
      input: { to: 'nobody', items: [{ sku: 'AB' }, { sku: 5 }] },
    });
    expect([refused.summary, refused.status]).toEqual([refused.summary, 422]);
    expect(refused.body.code).toBe('validation_failed');
    expect(pointers(refused)).toEqual(['/input/to', '/input/items/1/sku']);
    const missing = await api.post('/api/v1/tasks', { type });
    expect([missing.status, pointers(missing)]).toEqual([422, ['/input']]);
    const made = await api.post('/api/v1/tasks', { type, input });
    expect([made.summary, made.status]).toEqual([made.summary, 201]);
    expect(made.body.input).toEqual(input);
    await api.post(`/api/v1/tasks/${made.body.id}/cancel`);
  });

  test('is checked in a batch, and pointed to in it', async () => {
    const tasks = [
      { type, input },
      { type, input: {} },
    ];
    const each = await api.post('/api/v1/tasks/batch', { tasks });
    expect([each.summary, each.status]).toEqual([each.summary, 207]);
    expect(each.body.results.map(({ status }: { status: number }) => status)).toEqual([201, 422]);
    expect(each.body.results[1].problem.errors[0].pointer).toBe('/tasks/1/input/to');
    const atomic = await api.post('/api/v1/tasks/batch', { tasks, atomic: true });
    expect([atomic.status, pointers(atomic)?.[0]]).toEqual([422, '/tasks/1/input/to']);
    await api.post(`/api/v1/tasks/${each.body.results[0].data.id}/cancel`);
  });

  test('is checked when a retry brings another one', async () => {
    const made = await api.post('/api/v1/tasks', { type, input });
    await api.post(`/api/v1/tasks/${made.body.id}/cancel`);
    const refused = await api.post(`/api/v1/tasks/${made.body.id}/retry`, { input: { to: 1 } });
    expect([refused.summary, refused.status]).toEqual([refused.summary, 422]);
    expect(pointers(refused)).toEqual(['/input/items', '/input/to']);
    const again = await api.post(`/api/v1/tasks/${made.body.id}/retry`, {
      input: { ...input, to: 'b@c.example' },
    });
    expect([again.summary, again.body.input?.to]).toEqual([again.summary, 'b@c.example']);
    await api.post(`/api/v1/tasks/${made.body.id}/cancel`);
  });
});

describe('the result of a task', () => {
  test('that is refused leaves the lease as it was', async () => {
    await api.post('/api/v1/tasks', { type, input });
    const { id, leaseToken } = await claimOne(type);
    for (const result of [{ total: -1 }, { total: 'x' }, {}, null, undefined]) {
      const refused = await api.post(`/api/v1/tasks/${id}/complete`, { leaseToken, result });
      expect([refused.summary, refused.status]).toEqual([refused.summary, 422]);
    }
    expect((await api.get(`/api/v1/tasks/${id}`)).body).toMatchObject({ state: 'claimed', result: null });
    const wrong = await api.post(`/api/v1/tasks/${id}/complete`, { leaseToken, result: { total: 1.5 } });
    expect(pointers(wrong)).toEqual(['/result/total']);
    const body = `{"leaseToken":"${leaseToken}","result":{"total":123456789012345678901}}`;
    const done = await api.call('POST', `/api/v1/tasks/${id}/complete`, {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect([done.summary, done.status]).toEqual([done.summary, 200]);
    expect(done.text).toContain('"result":{"total":123456789012345678901}');
  });

  test('is checked against the version that the task was made with', async () => {
    const name = 'changing';
    await api.put(path(name), { resultSchema: { type: 'string' } });
    await api.post('/api/v1/tasks', { type: name });
    const changed = await api.put(path(name), { resultSchema: { type: 'integer' } });
    expect(changed.body.version).toBe(2);
    const { id, leaseToken } = await claimOne(name);
    const refused = await api.post(`/api/v1/tasks/${id}/complete`, { leaseToken, result: 5 });
    expect([refused.summary, refused.status]).toEqual([refused.summary, 422]);
    const done = await api.post(`/api/v1/tasks/${id}/complete`, { leaseToken, result: 'five' });
    expect([done.summary, done.body.state]).toEqual([done.summary, 'completed']);
    const first = await api.get(`${path(name)}/versions/1`);
    expect([first.summary, first.body.resultSchema]).toEqual([first.summary, { type: 'string' }]);
    expect((await api.get(`${path(name)}/versions/2`)).body.resultSchema).toEqual({ type: 'integer' });
    for (const version of ['3', '0', 'x', '01']) {
      expect((await api.get(`${path(name)}/versions/${version}`)).status).toBe(404);
    }
  });

  test('is checked when a person completes a to-do by hand', async () => {
    await api.put(path('sign'), {
      executor: 'person',
      resultSchema: { type: 'object', required: ['signedBy'] },
    });
    const made = await api.post('/api/v1/tasks', { type: 'sign' });
    const refused = await api.post(`/api/v1/tasks/${made.body.id}/complete`, { result: {} });
    expect([refused.status, pointers(refused)]).toEqual([422, ['/result/signedBy']]);
    const done = await api.post(`/api/v1/tasks/${made.body.id}/complete`, { result: { signedBy: 'Ada' } });
    expect([done.summary, done.body.state]).toEqual([done.summary, 'completed']);
  });
});

test.each(['{}', '[]', '0', 'false', '""', 'null', '123456789012345678901', '{"a":{},"b":[]}'])(
  '%s goes through a schema unchanged',
  async (text) => {
    await api.put(path('anything'), { inputSchema: true, resultSchema: { not: { const: 'never' } } });
    const body = `{"type":"anything","input":${text}}`;
    const made = await api.call('POST', '/api/v1/tasks', { body });
    expect([made.summary, made.status]).toEqual([made.summary, 201]);
    expect(made.text).toContain(`"input":${text}`);
    const { id, leaseToken } = await claimOne('anything');
    const done = await api.call('POST', `/api/v1/tasks/${id}/complete`, {
      body: `{"leaseToken":"${leaseToken}","result":${text}}`,
    });
    expect([done.summary, done.status]).toEqual([done.summary, 200]);
    expect(done.text).toContain(`"result":${text}`);
  },
);

describe('a schema', () => {
  test.each([
    [{ properties: { x: { pattern: '^(a+)+$' } } }, '/inputSchema/properties/x/pattern'],
    [{ $ref: 'https://a.example/schema.json' }, '/inputSchema/$ref'],
    [{ properties: { x: { $ref: '#/$defs/nothing' } } }, '/inputSchema/properties/x/$ref'],
    [{ $ref: '#' }, '/inputSchema'],
    [{ properties: { x: { type: 'strng' } } }, '/inputSchema/properties/x/type'],
    [{ $schema: 'http://json-schema.org/draft-07/schema#' }, '/inputSchema/$schema'],
    [{ description: 'x'.repeat(70_000) }, '/inputSchema'],
  ])('that cannot be worked with is refused: %#', async (schema, pointer) => {
    const answer = await api.put(path('never'), { inputSchema: schema });
    expect([answer.summary, answer.status]).toEqual([answer.summary, 422]);
    expect(pointers(answer)).toEqual([pointer]);
    expect((await api.get(path('never'))).status).toBe(404);
  });

  test('whose check takes too long ends in a refusal, not in an error of ours', async () => {
    const part = { properties: { a: { $ref: '#' } } };
    const schema = { anyOf: [{ ...part, required: ['b'] }, part] };
    expect((await api.put(path('slow'), { inputSchema: schema })).status).toBe(201);
    let text = '{}';
    for (let depth = 0; depth < 60; depth += 1) text = `{"a":${text}}`;
    const answer = await api.call('POST', '/api/v1/tasks', { body: `{"type":"slow","input":${text}}` });
    expect([answer.summary, answer.status]).toEqual([answer.summary, 422]);
    expect(answer.body.errors).toMatchObject([{ pointer: '/input', code: 'too_complex' }]);
  });

  test('whose check takes too long holds nobody up in a batch either, however many there are of them', async () => {
    const part = { properties: { a: { $ref: '#' } } };
    const names = Array.from({ length: 30 }, (_, at) => `slow-${at}`);
    await Promise.all(
      names.map(async (name) => {
        const made = await api.put(path(name), {
          inputSchema: { anyOf: [{ ...part, required: ['b'] }, part] },
        });
        expect([made.summary, made.status]).toEqual([made.summary, 201]);
      }),
    );
    let input = {};
    for (let depth = 0; depth < 60; depth += 1) input = { a: input };
    const tasks = [...names.map((name) => ({ type: name, input })), { type: 'todo', title: 'Call' }];
    const answer = await api.post('/api/v1/tasks/batch', { tasks });
    expect([answer.summary, answer.status]).toEqual([answer.summary, 207]);
    const results = answer.body.results as { status: number; problem?: { errors: { code: string }[] } }[];
    expect(results.map(({ status }) => status)).toEqual([...names.map(() => 422), 201]);
    expect(results[0]?.problem?.errors[0]?.code).toBe('too_complex');
    expect(results[29]?.problem?.errors[0]?.code).toBe('too_complex');
  }, 60_000);

  test('comes back as it was sent, and not in the list', async () => {
    const body = `{"inputSchema":{"maximum":123456789012345678901,"properties":{"":{"type":"string"}}}}`;
    const made = await api.call('PUT', path('kept'), { body });
    expect([made.summary, made.status]).toEqual([made.summary, 201]);
    const got = await api.get(path('kept'));
    expect(got.text).toContain(
      '"inputSchema":{"maximum":123456789012345678901,"properties":{"":{"type":"string"}}}',
    );
    const list = await api.get('/api/v1/task-types');
    const row = list.body.data.find(({ name }: { name: string }) => name === 'kept');
    expect(row).toMatchObject({ name: 'kept', version: 1 });
    expect(row).not.toHaveProperty('inputSchema');
  });
});

describe('the list of types', () => {
  /** More than a page holds, each as large as a row can be: a control character is six in JSON. */
  const names = Array.from({ length: 101 }, (_, at) => `t${String(at).padStart(3, '0')}`);
  const expected = [...builtInTypes.keys(), ...names].sort();
  let many: Api;

  beforeAll(async () => {
    many = await callerOf();
    const body = { description: '\u0001'.repeat(2_000) };
    for (let start = 0; start < names.length; start += 10) {
      const some = names.slice(start, start + 10);
      const answers = await Promise.all(some.map((name) => many.put(path(name), body)));
      expect(answers.map(({ status }) => status)).toEqual(some.map(() => 201));
    }
  }, 60_000);

  test.each([7, 52, 100])('comes by name in pages of %i, each type once', async (limit) => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const suffix: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const answer: Answer = await many.get(`/api/v1/task-types?limit=${limit}${suffix}`);
      expect([answer.status, answer.text.length < 5_000_000]).toEqual([200, true]);
      expect(answer.body.data.length).toBeLessThanOrEqual(limit);
      seen.push(...answer.body.data.map(({ name }: { name: string }) => name));
      cursor = answer.body.page.nextCursor;
    } while (cursor && seen.length < 1_000);
    expect(seen).toEqual(expected);
  });

  test('has fifty in a page unless told, and refuses other limits and cursors', async () => {
    const first = await many.get('/api/v1/task-types');
    expect(first.body.data).toHaveLength(50);
    expect(first.body.data[0].name).toBe(expected[0]);
    const cursor = encodeURIComponent(first.body.page.nextCursor);
    expect((await many.get('/api/v1/task-types?limit=0')).status).toBe(422);
    expect((await many.get('/api/v1/task-types?limit=101')).status).toBe(422);
    expect((await api.get(`/api/v1/task-types?cursor=${cursor}`)).body.code).toBe('invalid_cursor');
  });
});

describe('the conditions of a PUT', () => {
  const schedule = { type: 'todo', every: 3_600 };
  test.each([
    ['a type', path('conditional'), {}],
    ['a schedule', '/api/v1/task-schedules/conditional', schedule],
  ])('make %s only when there is none, or change it only when there is one', async (_, at, body) => {
    for (const tag of ['*', '"v1"']) {
      const early = await api.put(at, body, { 'if-match': tag });
      expect([early.summary, early.status]).toEqual([early.summary, 412]);
      expect(early.body.detail).not.toContain('version 0');
    }
    const made = await api.put(at, body, { 'if-none-match': '*' });
    expect([made.summary, made.status]).toEqual([made.summary, 201]);
    const again = await api.put(at, body, { 'if-none-match': '*' });
    expect(again).toMatchObject({ status: 412, body: { code: 'precondition_failed', currentVersion: 1 } });
    expect((await api.put(at, body, { 'if-match': '*' })).status).toBe(200);
  });
});
