import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf } from './support/api.ts';

let api: Api;

const make = async (path: string, body: Record<string, unknown>) => {
  const answer = await api.post(`/api/v1/${path}`, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
};

beforeAll(async () => {
  api = await callerOf();
  for (const name of ['size', 'shade']) {
    await api.put(`/api/v1/custom-fields/contact/${name}`, { type: 'text', label: name });
  }
});

describe('edits of different fields at the same time', () => {
  test.each([
    [
      'contacts',
      { name: 'Ada', address: { city: 'London' } },
      [
        { title: 'Countess' },
        { email: 'ada@example.com' },
        { address: { line1: '12 St James’s Square' } },
        { address: { country: 'UK' } },
        { custom: { size: 'small' } },
        { custom: { shade: 'dark' } },
        { stage: 'customer' },
      ],
    ],
    [
      'activities',
      { kind: 'call' },
      [{ subject: 'Engine' }, { outcome: 'agreed' }, { kind: 'meeting' }, { durationMinutes: 30 }],
    ],
    [
      'deals',
      { title: 'Engine' },
      [{ amount: 5 }, { probability: 33 }, { tags: ['big'] }, { notes: 'soon' }],
    ],
    [
      'products',
      { name: 'Card' },
      [{ sku: 'C-1' }, { stock: 7 }, { description: 'Punched' }, { active: false }],
    ],
  ])('all survive in %s, without If-Match', async (collection, body, patches) => {
    const { id } = await make(collection, body);
    const path = `/api/v1/${collection}/${id}`;
    const answers = await Promise.all(patches.map((patch) => api.patch(path, patch)));
    expect(answers.map(({ status }) => status)).toEqual(patches.map(() => 200));
    const after = (await api.get(path)).body;
    for (const patch of patches) expect(after).toMatchObject(patch);
    expect(after.version).toBe(1 + patches.length);
  });
});

describe('If-Match', () => {
  test.each([
    ['a plain field', (at: number) => ({ notes: `edit ${at}` })],
    ['a unique one', (at: number) => ({ email: `edit-${at}@example.com` })],
    ['a custom one', (at: number) => ({ custom: { size: `edit ${at}` } })],
  ])('lets one of several edits of %s through', async (_, edit) => {
    const { id } = await make('contacts', { name: 'Contended' });
    const path = `/api/v1/contacts/${id}`;
    const answers = await Promise.all(
      [1, 2, 3].map((at) => api.patch(path, edit(at), { 'if-match': '"v1"' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    const won = answers.find(({ status }) => status === 200);
    expect((await api.get(path)).body).toEqual(won?.body);
    expect(answers.find(({ status }) => status === 412)?.body).toMatchObject({
      code: 'precondition_failed',
      currentVersion: 2,
    });
  });

  test('guards deletion and restoring as well; a star fits every version', async () => {
    const { id } = await make('activities', { kind: 'note' });
    const path = `/api/v1/activities/${id}`;
    await api.patch(path, { subject: 'second' });
    expect((await api.del(path, { 'if-match': '"v1"' })).status).toBe(412);
    expect((await api.patch(path, { kind: 'call' }, { 'if-match': '"v1"' })).status).toBe(412);
    expect((await api.patch(path, { kind: 'call' }, { 'if-match': '*' })).status).toBe(200);
    expect((await api.del(path, { 'if-match': '"v3"' })).status).toBe(204);
    expect((await api.call('POST', `${path}/restore`, { headers: { 'if-match': '"v1"' } })).status).toBe(412);
    expect((await api.call('POST', `${path}/restore`, { headers: { 'if-match': '"v4"' } })).status).toBe(200);
  });
});

describe('an atomic batch in which two operations touch one item', () => {
  const records = async (path: string, ...bodies: object[]): Promise<string[]> => {
    const made = await Promise.all(bodies.map((body) => api.post(`/api/v1/${path}`, body)));
    return made.map(({ body }) => body.id);
  };
  const refusal = async (path: string, operations: object[]) => {
    const answer = await api.post(`/api/v1/${path}/batch`, { atomic: true, operations });
    expect(answer.summary).toMatch(/→ 422/);
    expect(answer.body.errors).toMatchObject([{ pointer: '/operations/1', code: 'touched_twice' }]);
    expect(answer.body.detail).toMatch(/^\/operations\/1: touches .* as operation 0 does; send them/);
    return answer.body.detail;
  };
  const update = (id: string | undefined, data: object) => ({ op: 'update', id, data });

  test('is refused, naming the other one and what they touch', async () => {
    const domain = (name: string) => `${name}-${api.tenantId}.example`;
    const [a, b] = await records(
      'companies',
      { name: 'A', domain: domain('a') },
      { name: 'B', domain: domain('b') },
    );
    expect(await refusal('companies', [update(a, { name: 'x' }), update(a, { name: 'y' })])).toContain(a);
    await refusal('companies', [update(a, { parentId: b }), update(b, { parentId: a })]);
    const swap = [update(a, { domain: domain('b') }), update(b, { domain: domain('a') })];
    expect(await refusal('companies', swap)).toMatch(/the domain [ab]-/);
    const successor = { op: 'create', data: { name: 'C', domain: domain('a') } };
    await refusal('companies', [{ op: 'delete', id: a }, successor]);
    const product = { name: 'Tea', unitPrice: 100, currency: 'EUR', stock: 10 };
    const [productId] = await records('products', product);
    const confirmed = { status: 'confirmed', lines: [{ productId, quantity: 1 }] };
    const order = { op: 'create', data: confirmed };
    expect(await refusal('orders', [order, order])).toContain(productId);
    const drafts = [order, order].map(({ op }) => ({ op, data: { lines: confirmed.lines } }));
    expect((await api.post('/api/v1/orders/batch', { atomic: true, operations: drafts })).status).toBe(200);
    expect((await api.get(`/api/v1/companies/${a}`)).body).toMatchObject({ name: 'A', version: 1 });
  });
});
