import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, sharedStack } from './support/api.ts';

let owner: Api;
/** An admin's key for the types `mine` and `also-mine`. */
let key: Api;

const typePath = (name: string) => `/api/v1/task-types/${name}`;
const http = (url: string) => ({ executor: 'http', http: { url } });

beforeAll(async () => {
  owner = await callerOf();
  for (const name of ['mine', 'theirs']) {
    const made = await owner.put(typePath(name), http('https://example.com/tasks'));
    expect([made.summary, made.status]).toEqual([made.summary, 201]);
  }
  const made = await owner.post('/api/v1/api-keys', {
    name: 'two types',
    role: 'admin',
    taskTypes: ['mine', 'also-mine'],
  });
  expect([made.summary, made.status]).toEqual([made.summary, 201]);
  key = await callerOf({ tenantId: owner.tenantId, token: made.body.key });
});

describe('a key of some types', () => {
  test('registers, changes and reads those', async () => {
    const steps = [
      await key.put(typePath('also-mine'), { description: 'of the key' }),
      await key.put(typePath('mine'), http('https://example.com/elsewhere')),
      await key.post(`${typePath('mine')}/rotate-secret`),
      await key.get(typePath('mine')),
      await key.get(`${typePath('mine')}/versions/1`),
    ];
    expect(steps.map(({ status }) => status)).toEqual([201, 200, 200, 200, 200]);
  });

  test('lists those, page by page', async () => {
    await key.put(typePath('also-mine'), { description: 'of the key' });
    const first = await key.get('/api/v1/task-types?limit=1');
    expect(first.body.data).toMatchObject([{ name: 'also-mine' }]);
    const second = await key.get(`/api/v1/task-types?limit=1&cursor=${first.body.page.nextCursor}`);
    expect(second.body).toMatchObject({ data: [{ name: 'mine' }], page: { nextCursor: null } });
  });

  // Each with a body: jest takes a missing argument for its callback.
  const otherTypes: [string, string, unknown][] = [
    ['GET', typePath('theirs'), undefined],
    ['GET', typePath('todo'), undefined],
    ['GET', typePath('no-such-type'), undefined],
    ['GET', `${typePath('theirs')}/versions/1`, undefined],
    ['PUT', typePath('theirs'), http('https://example.com/stolen')],
    ['PUT', typePath('new-one'), {}],
    ['POST', `${typePath('theirs')}/rotate-secret`, undefined],
  ];
  test.each(otherTypes)('may not %s %s', async (method, path, body) => {
    const answer = await key.call(method, path, { body });
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(answer.body.detail).toContain('This key may only use the task types: mine, also-mine; not');
  });

  test('leaves the others as they were', async () => {
    const theirs = await owner.get(typePath('theirs'));
    expect(theirs.body).toMatchObject({ version: 1, http: { url: 'https://example.com/tasks' } });
    expect((await owner.get(typePath('new-one'))).status).toBe(404);
  });

  test('has no part in webhooks, which tell of every type', async () => {
    const webhook = { url: 'https://example.com/hook', events: ['*'] };
    const made = await owner.post('/api/v1/webhooks', webhook);
    expect([made.summary, made.status]).toEqual([made.summary, 201]);
    const headers = { 'idempotency-key': 'hook' };
    const answers = [
      await key.post('/api/v1/webhooks', webhook),
      await key.post('/api/v1/webhooks', webhook, headers),
      await key.del(`/api/v1/webhooks/${made.body.id}`),
    ];
    for (const answer of answers) expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect((await owner.get('/api/v1/webhooks')).body.data).toHaveLength(1);
    expect((await owner.del(`/api/v1/webhooks/${made.body.id}`)).status).toBe(204);
  });

  test('neither looks into queues nor moves their messages', async () => {
    const peek = await key.get('/api/system/queues/runner/messages');
    const redrive = await key.post('/api/system/queues/runner/redrive', {});
    for (const answer of [peek, redrive])
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect((await owner.get('/api/system/queues/runner/messages')).status).toBe(200);
  });

  test('has no dashboard, which counts the tasks of all', async () => {
    const ask = async ({ token }: Api) => {
      const answer = await fetch(sharedStack().graphqlUrl, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ dashboard { tasks { total } } }' }),
      });
      return answer.json();
    };
    expect(await ask(key)).toMatchObject({ errors: [{ errorType: 'forbidden' }] });
    expect(await ask(owner)).not.toHaveProperty('errors');
  });
});
