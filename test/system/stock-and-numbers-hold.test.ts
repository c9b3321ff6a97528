import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';

let api: Api;
let chai: string;
let syrup: string;

const made = async (path: string, body: object) => {
  const answer = await api.post(`/api/v1/${path}`, body);
  if (answer.status !== 201) throw new Error(answer.summary);
  return answer.body;
};

beforeAll(async () => {
  api = await callerOf();
  const priced = { currency: 'EUR', unitPrice: 1_800 };
  chai = (await made('products', { ...priced, name: 'Chai', sku: 'T-1' })).id;
  syrup = (await made('products', { ...priced, name: 'Syrup', unitPrice: 1_000 })).id;
});

describe('a product', () => {
  test('with a price has a currency; its SKU is unique whatever its case', async () => {
    const priced = await api.post('/api/v1/products', { name: 'Loose', unitPrice: 1 });
    expect(priced).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/currency', code: 'required' }] },
    });
    const cleared = await api.patch(`/api/v1/products/${chai}`, { currency: null });
    expect(cleared).toMatchObject({ status: 422, body: { errors: [{ pointer: '/currency' }] } });
    const again = await api.post('/api/v1/products', { name: 'Chai', sku: 't-1' });
    expect(again).toMatchObject({ status: 409, body: { code: 'duplicate', existingId: chai } });
    const upserted = await api.put('/api/v1/products/by/sku/t-1', { name: 'Chai', description: 'Tea' });
    expect(upserted).toMatchObject({ status: 200, body: { id: chai, description: 'Tea' } });
  });

  test('has a stock that is set, or adjusted by what came and went, and never falls below zero', async () => {
    const { id } = await made('products', { name: 'Counted' });
    const change = (body: object) => api.post(`/api/v1/products/${id}/stock`, body);
    expect(await change({ change: 1 })).toMatchObject({ status: 409, body: { code: 'invalid_transition' } });
    expect(await api.patch(`/api/v1/products/${id}`, { stock: 5 })).toMatchObject({ body: { stock: 5 } });
    expect(await change({ change: -3, reason: 'broken' })).toMatchObject({
      status: 200,
      body: { stock: 2, stockReason: 'broken', version: 3 },
    });
    expect(await change({ change: -3 })).toMatchObject({
      status: 409,
      body: { code: 'conflict', stock: 2, errors: [{ pointer: '/change', code: 'insufficient_stock' }] },
    });
    expect(await change({ change: 0 })).toMatchObject({ status: 422 });
    const low = await api.get('/api/v1/products?stock[lte]=2&sort=stock');
    expect(low.body.data.map((one: { id: string }) => one.id)).toEqual([id]);
    const dear = await api.get('/api/v1/products?unitPrice[gte]=1000&sort=-unitPrice&active=true');
    expect(dear.body.data.map((one: { id: string }) => one.id)).toEqual([chai, syrup]);
  });
});

describe('stock that an order has taken', () => {
  test.each<[string, string[], object]>([
    ['cancelled', ['cancel'], {}],
    ['refunded', ['ship', 'refund'], { restock: true }],
  ])('comes back to a deleted product when it is %s', async (_what, actions, body) => {
    const product = await made('products', { name: 'Gone', unitPrice: 1, currency: 'EUR', stock: 5 });
    const lines = [{ productId: product.id, quantity: 2 }];
    const order = await made('orders', { lines, status: 'confirmed' });
    const path = `/api/v1/products/${product.id}`;
    await api.del(path);
    for (const action of actions) {
      const sent = action === actions.at(-1) ? body : {};
      expect(await api.post(`/api/v1/orders/${order.id}/${action}`, sent)).toMatchObject({ status: 200 });
    }
    expect(await api.get(path)).toMatchObject({ status: 404 });
    expect(await api.post(`${path}/restore`)).toMatchObject({ status: 200, body: { stock: 5, version: 5 } });
    const history = await eventually(
      () => api.get(`${path}/history`),
      (answer) => answer.body.data?.length === 5,
      30_000,
    );
    expect(history.body.data[1]).toMatchObject({
      action: 'updated',
      changes: [{ field: 'stock', old: 3, new: 5 }],
    });
  });
});

describe('at the same time', () => {
  const many = (count: number, call: (at: number) => Promise<Answer>) =>
    Promise.all(Array.from({ length: count }, (_, at) => call(at)));
  const statuses = (answers: Answer[]) => {
    const counts: Record<number, number> = {};
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };
  const lines = [{ description: 'x', quantity: 1, unitPrice: 100 }];

  test('fifty orders get fifty numbers without gaps or repeats', async () => {
    const own = await callerOf();
    // A machine that is too busy may answer 503: repeating it under its key makes no second order.
    const answers = await many(50, (at) =>
      eventually(
        () => own.post('/api/v1/orders', { lines }, { 'idempotency-key': `order-${at}` }),
        ({ body }) => body.code !== 'unavailable' && body.code !== 'idempotency_in_flight',
        60_000,
      ),
    );
    expect(statuses(answers)).toEqual({ 201: 50 });
    const numbers = answers.map(({ body }) => body.number).sort();
    expect(numbers).toEqual(numbers.map((_, at) => `ORD-${String(at + 1).padStart(6, '0')}`));
  });

  test('twenty orders of the last five pieces: five are confirmed', async () => {
    const { id: productId } = await made('products', {
      name: 'Last',
      unitPrice: 1,
      currency: 'EUR',
      stock: 5,
    });
    const operations = Array.from({ length: 20 }, () => ({
      op: 'create',
      data: { lines: [{ productId, quantity: 1 }] },
    }));
    const { results } = (await api.post('/api/v1/orders/batch', { operations })).body;
    const answers = await many(20, (at) => api.post(`/api/v1/orders/${results[at].data.id}/confirm`, {}));
    expect(statuses(answers)).toEqual({ 200: 5, 409: 15 });
    expect(new Set(answers.filter(({ status }) => status === 409).map(({ body }) => body.code))).toEqual(
      new Set(['conflict']),
    );
    expect((await api.get(`/api/v1/products/${productId}`)).body.stock).toBe(0);
  });

  test('ten payments of a fifth: five are taken, and one order gets one invoice', async () => {
    const order = await made('orders', { lines, status: 'confirmed' });
    const invoiced = await many(5, () => api.post(`/api/v1/orders/${order.id}/invoice`, { finalize: true }));
    expect(statuses(invoiced)).toEqual({ 201: 1, 409: 4 });
    const { id } = invoiced.find(({ status }) => status === 201)?.body ?? {};
    const paid = await many(10, () => api.post(`/api/v1/invoices/${id}/payments`, { amount: 20 }));
    expect(statuses(paid)).toEqual({ 201: 5, 409: 5 });
    expect((await api.get(`/api/v1/invoices/${id}`)).body).toMatchObject({
      status: 'paid',
      amountPaid: 100,
      payments: { length: 5 },
    });
  });
});

describe('a batch', () => {
  const data = (reference: string) => ({
    lines: [{ productId: syrup, quantity: 1 }],
    status: 'confirmed',
    reference,
  });

  test.each([false, true])('of orders numbers them in its order (atomic: %s)', async (atomic) => {
    const own = await callerOf();
    const operations = Array.from({ length: 30 }, (_, at) => ({
      op: 'create',
      data: { lines: [{ description: 'x', quantity: 1, unitPrice: at }], reference: `${at}` },
    }));
    const { status, body } = await own.post('/api/v1/orders/batch', { operations, atomic });
    expect(status).toBe(200);
    const numbers = body.results.map((result: { data: { number: string } }) => result.data.number);
    expect(numbers).toEqual(numbers.map((_: string, at: number) => `ORD-${String(at + 1).padStart(6, '0')}`));
    const next = await own.post('/api/v1/orders', { lines: operations[0]?.data.lines });
    expect(next.body.number).toBe('ORD-000031');
  });

  test('takes what it can, each by itself, and once for its idempotency key', async () => {
    const { id: productId } = await made('products', {
      name: 'Few',
      unitPrice: 1,
      currency: 'EUR',
      stock: 3,
    });
    const one = { op: 'create', data: { ...data('few'), lines: [{ productId, quantity: 2 }] } };
    const wrong = { op: 'create', data: { lines: [] } };
    const operations = [
      { op: 'create', data: data('first') },
      one,
      wrong,
      one,
      { op: 'create', data: data('last') },
    ];
    const send = () => api.post('/api/v1/orders/batch', { operations }, { 'idempotency-key': 'batch-1' });
    const first = await send();
    expect(first.body.results.map(({ status }: { status: number }) => status)).toEqual([
      201, 201, 422, 409, 201,
    ]);
    expect(first.body.results[3].problem.errors[0].pointer).toBe('/operations/3/data/lines/0/quantity');
    const again = await send();
    expect(again.body.results.map((result: { data?: { id: string } }) => result.data?.id)).toEqual(
      first.body.results.map((result: { data?: { id: string } }) => result.data?.id),
    );
    expect((await api.get(`/api/v1/products/${productId}`)).body.stock).toBe(1);
  });

  test('that is atomic does all or nothing', async () => {
    const before = (await made('orders', { lines: data('x').lines })).number;
    const operations = [
      { op: 'create', data: data('kept?') },
      { op: 'create', data: { lines: [] } },
    ];
    expect(await api.post('/api/v1/orders/batch', { operations, atomic: true })).toMatchObject({
      status: 422,
    });
    const after = (await made('orders', { lines: data('x').lines })).number;
    expect(Number(after.slice(4))).toBe(Number(before.slice(4)) + 1);
  });
});
