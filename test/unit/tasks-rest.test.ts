import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CallCounter, countCalls } from '../support/call-counter.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { callRest, type RestAnswer, type RestCall } from '../support/rest-call.ts';

let dynamo: TestDynamo;
let counter: CallCounter;
type Handler = Parameters<typeof callRest>[0];
let tasks: Handler;
let platform: Handler;

beforeAll(async () => {
  dynamo = await startDynamo();
  counter = await countCalls(dynamo.endpoint);
  tasks = (await import('../../functions/rest-tasks/handler.ts')).handler as Handler;
  platform = (await import('../../functions/rest-platform/handler.ts')).handler as Handler;
  await putType('email.send', { leaseSeconds: 60 });
});

afterAll(async () => {
  await counter?.stop();
  await dynamo?.stop();
});

const owner = { role: 'owner' } as const;
const call = (routeKey: string, options: Omit<RestCall, 'routeKey'> = {}): Promise<RestAnswer> =>
  callRest(routeKey.includes('/task-types') ? platform : tasks, { routeKey, as: owner, ...options });
const putType = (name: string, body: unknown, options: Omit<RestCall, 'routeKey'> = {}) =>
  call('PUT /api/v1/task-types/{name}', { path: { name }, body, ...options });
const post = (body: unknown, headers: Record<string, string> = {}) =>
  call('POST /api/v1/tasks', { body: { type: 'email.send', ...(body as object) }, headers });
const act = (id: string, action: string, body: unknown, options: Omit<RestCall, 'routeKey'> = {}) =>
  call(`POST /api/v1/tasks/{id}/${action}`, { path: { id }, body, ...options });
const claim = (body: object = {}, options: Omit<RestCall, 'routeKey'> = {}) =>
  call('POST /api/v1/tasks/claim', { body: { types: ['email.send'], workerId: 'w', ...body }, ...options });

describe('task types', () => {
  test('are registered, versioned when they change, and left alone when they do not', async () => {
    const made = await putType('a.type', { description: 'x', retry: { maxAttempts: 2 } });
    expect(made).toMatchObject({ status: 201, body: { version: 1, executor: 'worker', leaseSeconds: 30 } });
    expect(made.body.retry).toEqual({
      maxAttempts: 2,
      initialSeconds: 2,
      factor: 2,
      maxSeconds: 900,
      jitter: true,
    });
    expect(await putType('a.type', { description: 'x', retry: { maxAttempts: 2 } })).toMatchObject({
      status: 200,
      body: { version: 1 },
    });
    expect(await putType('a.type', { description: 'y' })).toMatchObject({
      status: 200,
      body: { version: 2 },
    });
    expect((await putType('a.type', {}, { headers: { 'if-match': '"v1"' } })).status).toBe(412);
    const got = await call('GET /api/v1/task-types/{name}', { path: { name: 'a.type' } });
    expect(got).toMatchObject({ status: 200, headers: { etag: '"v2"' }, body: { description: 'y' } });
    const all = await call('GET /api/v1/task-types');
    expect(all.body.data.map(({ name }: { name: string }) => name)).toEqual([
      'a.type',
      'contacts.merge',
      'contacts.rescore',
      'counters.rebuild',
      'dead-letters.redrive',
      'email.send',
      'records.export',
      'records.import',
      'todo',
    ]);
  });

  test.each([
    ['todo', {}, 409],
    ['Not.A.Name', {}, 422],
    ['x', { leaseSeconds: 0 }, 422],
    ['x', { executor: 'builtin' }, 422],
    ['x', { executor: 'http' }, 422],
    ['x', { executor: 'http', http: { url: 'ftp://a.example' } }, 422],
    ['x', { executor: 'http', http: { url: 'https://a.example', timeoutSeconds: 61 } }, 422],
    ['x', { executor: 'worker', http: { url: 'https://a.example' } }, 422],
    ['x', { inputSchema: 'x' }, 422],
    ['x', { inputSchema: [] }, 422],
    ['x', { resultSchema: 5 }, 422],
    ['x', { readyShards: 17 }, 422],
    ['x', { concurrency: 0 }, 422],
    ['x', { rateLimit: { count: 1 } }, 422],
    ['x', { retry: { maxAttempts: 0 } }, 422],
  ])('%s %j is refused', async (name, body, status) => {
    expect((await putType(name, body)).status).toBe(status);
  });

  test('answer everything that was said of them, and null for what was not', async () => {
    const plain = await putType('plain', {});
    expect(plain.body).toMatchObject({
      http: null,
      inputSchema: null,
      resultSchema: null,
      readyShards: 1,
      concurrency: null,
      rateLimit: null,
    });
    const said = {
      description: 'All of it',
      inputSchema: { type: 'object', properties: { '': { minimum: 1 } } },
      resultSchema: true,
      readyShards: 4,
      concurrency: 3,
      rateLimit: { count: 10, perSeconds: 60 },
    };
    expect(await putType('full', said)).toMatchObject({ status: 201, body: { ...said, version: 1 } });
    const got = await call('GET /api/v1/task-types/{name}', { path: { name: 'full' } });
    expect(got.body).toMatchObject(said);
    const reordered = { ...said, inputSchema: { properties: { '': { minimum: 1 } }, type: 'object' } };
    expect(await putType('full', reordered)).toMatchObject({ status: 200, body: { version: 1 } });
    for (const change of [{ concurrency: 4 }, { resultSchema: false }, { rateLimit: null }]) {
      expect((await putType('full', { ...said, ...change })).status).toBe(200);
    }
    expect((await putType('full', said)).body.version).toBe(5);
  });

  test('may get more shards and never fewer', async () => {
    await putType('sharded', { readyShards: 4 });
    expect(await putType('sharded', { readyShards: 2 })).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('4 readyShards') },
    });
    expect((await putType('sharded', { readyShards: 8 })).body.readyShards).toBe(8);
    expect((await putType('sharded', { leaseSeconds: 5 })).body.readyShards).toBe(8);
  });

  test('keep their executor, on which their tasks depend', async () => {
    expect((await putType('kept', { executor: 'worker' })).status).toBe(201);
    expect(await putType('kept', { executor: 'person' })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    });
    expect((await putType('kept', { leaseSeconds: 5 })).body.version).toBe(2);
  });

  test('are for owners and admins to change, for everyone to read', async () => {
    expect((await putType('x', {}, { as: { role: 'member' } })).status).toBe(403);
    expect((await call('GET /api/v1/task-types', { as: { role: 'worker' } })).status).toBe(200);
    expect((await call('GET /api/v1/task-types', { as: undefined })).status).toBe(401);
    const path = { name: 'email.send' };
    const as = { role: 'owner', tenantId: 'other' } as const;
    expect((await call('GET /api/v1/task-types/{name}', { path, as })).status).toBe(404);
  });
});

describe('a task over REST', () => {
  const values = [
    '{}',
    '[]',
    '0',
    'false',
    '""',
    'null',
    '123456789012345678901',
    '{"a":{"b":[]},"c":1e400}',
  ];

  test.each(values)('%s goes in and comes out unchanged, as input and as result', async (text) => {
    const made = await call('POST /api/v1/tasks', { body: `{"type":"email.send","input":${text}}` });
    expect(made.status).toBe(201);
    const raw = (await rawCall('POST /api/v1/tasks/claim', { types: ['email.send'], workerId: 'w' })) ?? '';
    expect(raw).toContain(`"input":${text}`);
    const lease = JSON.parse(raw).tasks[0];
    const done = await rawCall(
      'POST /api/v1/tasks/{id}/complete',
      `{"leaseToken":${JSON.stringify(lease.leaseToken)},"result":${text}}`,
      { id: lease.id },
    );
    expect(done).toContain(`"result":${text}`);
    expect(await rawCall('GET /api/v1/tasks/{id}', undefined, { id: lease.id })).toContain(
      `"input":${text},"result":${text}`,
    );
  });

  test('has the members of the contract, an entity tag and a location', async () => {
    const made = await post({ title: 'Hello', priority: 3 });
    expect(made.headers).toMatchObject({ etag: '"v1"', location: `/api/v1/tasks/${made.body.id}` });
    const got = await call('GET /api/v1/tasks/{id}', { path: { id: made.body.id } });
    expect(got.body).toEqual(made.body);
    const notModified = await call('GET /api/v1/tasks/{id}', {
      path: { id: made.body.id },
      headers: { 'if-none-match': '"v1"' },
    });
    expect(notModified.status).toBe(304);
    const { tasks } = (await claim()).body;
    expect(Object.keys(tasks[0]).sort()).toEqual(
      [
        'attempt',
        'deadline',
        'dependsOn',
        'id',
        'input',
        'leaseExpiresAt',
        'leaseToken',
        'type',
        'typeVersion',
      ].sort(),
    );
    const beat = await act(tasks[0].id, 'heartbeat', { leaseToken: tasks[0].leaseToken });
    expect(beat.body).toEqual({ leaseExpiresAt: expect.any(String), cancelRequested: false });
    const failed = await act(tasks[0].id, 'fail', {
      leaseToken: tasks[0].leaseToken,
      error: { code: 'x', message: 'y', details: { n: 0 } },
      retryable: false,
    });
    expect(failed.body).toMatchObject({
      state: 'dead',
      error: { code: 'x', message: 'y', details: { n: 0 } },
    });
    const history = await call('GET /api/v1/tasks/{id}/history', { path: { id: tasks[0].id } });
    expect(history.body.data).toMatchObject([
      { attempt: 1, workerId: 'w', outcome: 'failed', error: { code: 'x' } },
    ]);
    const stale = await act(tasks[0].id, 'retry', undefined, { headers: { 'if-match': '"v1"' } });
    expect(stale.status).toBe(412);
    expect((await act(tasks[0].id, 'retry', undefined)).body.state).toBe('ready');
    expect((await act(tasks[0].id, 'cancel', { reason: 'no' })).body).toMatchObject({
      state: 'cancelled',
      reason: 'no',
    });
  });

  test('is made once under an idempotency key, whose reuse for another is refused', async () => {
    const key = { 'idempotency-key': 'k-1' };
    const first = await post({ input: 1 }, key);
    const again = await post({ input: 1 }, key);
    expect(again).toMatchObject({
      status: 201,
      body: first.body,
      headers: { 'idempotent-replayed': 'true' },
    });
    expect((await post({ input: 2 }, key)).body.code).toBe('idempotency_mismatch');
    const both = await Promise.all([
      post({}, { 'idempotency-key': 'k-2' }),
      post({}, { 'idempotency-key': 'k-2' }),
    ]);
    expect(both[0]?.body.id).toBe(both[1]?.body.id);
    const drained = await claim({ max: 25 });
    expect(drained.body.tasks).toHaveLength(2);
  });

  test('a claim under an idempotency key is repeatable', async () => {
    await post({});
    const options = { headers: { 'idempotency-key': 'claim-1' } };
    const first = await claim({}, options);
    expect(first.body.tasks).toHaveLength(1);
    expect((await claim({}, options)).body).toEqual(first.body);
  });

  test('a completion that is repeated says so', async () => {
    await post({});
    const { id, leaseToken } = (await claim()).body.tasks[0];
    await act(id, 'complete', { leaseToken });
    const again = await act(id, 'complete', { leaseToken });
    expect(again).toMatchObject({ status: 200, headers: { 'idempotent-replayed': 'true' } });
  });

  test('a viewer sees it and cannot make one; a worker can', async () => {
    expect(
      (await call('POST /api/v1/tasks', { body: { type: 'todo' }, as: { role: 'viewer' } })).status,
    ).toBe(403);
    expect(
      (await call('POST /api/v1/tasks', { body: { type: 'todo' }, as: { role: 'worker' } })).status,
    ).toBe(201);
    expect((await call('GET /api/v1/tasks', { as: { role: 'viewer' } })).status).toBe(200);
  });
});

describe('calls to DynamoDB, at most those of the budget', () => {
  /** On a busy machine more than 250 ms may pass between two claims, and then the due index is read again. */
  async function soonAfterAnEmptyDueIndex(run: () => Promise<string[]>): Promise<string[]> {
    for (let tries = 1; ; tries += 1) {
      const calls = await run();
      if (tries === 5 || calls.filter((operation) => operation === 'Query').length === 1) return calls;
    }
  }

  async function callsOf(run: () => Promise<RestAnswer>): Promise<string[]> {
    counter.take();
    const answer = await run();
    expect(answer.status).toBeLessThan(300);
    return counter.take().sort();
  }

  test('enqueue 1 write, with idempotency or dedupe key 1 transaction', async () => {
    expect(await callsOf(() => post({}))).toEqual(['PutItem']);
    expect(await callsOf(() => post({}, { 'idempotency-key': 'b-1' }))).toEqual(['TransactWriteItems']);
    expect(await callsOf(() => post({ dedupeKey: 'b-1' }))).toEqual(['TransactWriteItems']);
  });

  test('claim of n: 1 Query and n UpdateItem; complete, fail, heartbeat, release: 1 UpdateItem', async () => {
    for (let at = 0; at < 4; at += 1) await post({});
    await claim({ max: 25, types: ['email.send'] });
    let tasks: { id: string; leaseToken: string }[] = [];
    const calls = await soonAfterAnEmptyDueIndex(async () => {
      for (let at = 0; at < 5; at += 1) await post({});
      await claim({ max: 1 });
      return callsOf(async () => {
        const answer = await claim({ max: 4 });
        tasks = answer.body.tasks;
        return answer;
      });
    });
    expect(calls).toEqual(['Query', 'UpdateItem', 'UpdateItem', 'UpdateItem', 'UpdateItem']);
    const error = { code: 'x', message: 'y' };
    const settlements: [string, object][] = [
      ['heartbeat', {}],
      ['complete', { result: 1 }],
      ['fail', { error }],
      ['release', {}],
    ];
    for (const [at, [action, body]] of settlements.entries()) {
      const { id, leaseToken } = tasks[at] as { id: string; leaseToken: string };
      expect(await callsOf(() => act(id, action, { leaseToken, ...body }))).toEqual(['UpdateItem']);
    }
  });

  test('an empty queue 2 Queries, then 1 while the due index was just found empty', async () => {
    await putType('empty.queue', {});
    const types = ['empty.queue'];
    expect(await callsOf(() => claim({ types }))).toEqual(['GetItem', 'Query', 'Query']);
    const again = await soonAfterAnEmptyDueIndex(async () => {
      await claim({ types });
      return callsOf(() => claim({ types }));
    });
    expect(again).toEqual(['Query']);
  });

  test('get 1 GetItem, list 1 Query and 1 BatchGetItem, cancel a read and a write', async () => {
    const { id } = (await post({})).body;
    expect(await callsOf(() => call('GET /api/v1/tasks/{id}', { path: { id } }))).toEqual(['GetItem']);
    expect(await callsOf(() => call('GET /api/v1/tasks', { query: { limit: '5' } }))).toEqual([
      'BatchGetItem',
      'Query',
    ]);
    expect(await callsOf(() => act(id, 'cancel', undefined))).toEqual(['GetItem', 'PutItem']);
  });
});

/** The body of an answer as text. */
async function rawCall(routeKey: string, body?: unknown, path?: Record<string, string>): Promise<string> {
  let text = '';
  await callRest(
    async (event, context) => {
      const answer = (await tasks(event, context)) as { body?: string };
      text = answer.body ?? '';
      return answer;
    },
    { routeKey, as: owner, path, body },
  );
  return text;
}
