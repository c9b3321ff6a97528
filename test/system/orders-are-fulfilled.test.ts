import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf } from './support/api.ts';

let api: Api;
let chai: string;
let syrup: string;

const made = async (path: string, body: object) => {
  const answer = await api.post(`/api/v1/${path}`, body);
  if (answer.status !== 201) throw new Error(answer.summary);
  return answer.body;
};
const stockOf = async (id: string) => (await api.get(`/api/v1/products/${id}`)).body.stock;
const act = (id: string, action: string, body: object = {}, headers?: Record<string, string>) =>
  api.post(`/api/v1/orders/${id}/${action}`, body, headers);

beforeAll(async () => {
  api = await callerOf();
  chai = (
    await made('products', {
      name: 'Chai',
      sku: 'T-1',
      unitPrice: 1_800,
      currency: 'EUR',
      taxRateBps: 700,
      stock: 10,
    })
  ).id;
  syrup = (await made('products', { name: 'Syrup', unitPrice: 1_000, currency: 'EUR', taxRateBps: 1_900 }))
    .id;
});

describe('a draft', () => {
  test('takes names, prices, taxes and currency from its products', async () => {
    const order = await made('orders', {
      lines: [
        { productId: chai, quantity: 3, discountBps: 1_000 },
        { productId: syrup, quantity: 1, unitPrice: 950, description: 'Syrup, dented' },
        { description: 'Gift wrap', quantity: 2, unitPrice: 250 },
      ],
      shipping: 490,
    });
    expect(order).toMatchObject({
      number: expect.stringMatching(/^ORD-\d{6}$/),
      status: 'draft',
      currency: 'EUR',
      placedAt: order.createdAt,
      lines: [
        {
          description: 'Chai',
          unitPrice: 1_800,
          taxRateBps: 700,
          subtotal: 5_400,
          discount: 540,
          tax: 340,
          total: 5_200,
        },
        {
          description: 'Syrup, dented',
          unitPrice: 950,
          taxRateBps: 1_900,
          subtotal: 950,
          discount: 0,
          tax: 181,
          total: 1_131,
        },
        { productId: null, description: 'Gift wrap', subtotal: 500, tax: 0, total: 500 },
      ],
      subtotal: 6_850,
      discount: 540,
      tax: 521,
      shipping: 490,
      total: 7_321,
      taxSummary: [
        { taxRateBps: 0, taxable: 500, tax: 0 },
        { taxRateBps: 700, taxable: 4_860, tax: 340 },
        { taxRateBps: 1_900, taxable: 950, tax: 181 },
      ],
      productIds: [chai, syrup],
    });
    expect((await api.get(`/api/v1/orders/${order.id}`)).body).toEqual(order);
    expect(await stockOf(chai)).toBe(10);
  });

  test('is changed in full and deleted', async () => {
    const { id, number } = await made('orders', { lines: [{ productId: chai, quantity: 1 }] });
    const lines = [{ productId: chai, quantity: 2 }];
    expect(await api.patch(`/api/v1/orders/${id}`, { lines, shipping: 100 })).toMatchObject({
      status: 200,
      body: { number, total: 3_952, shipping: 100 },
    });
    expect(await api.patch(`/api/v1/orders/${id}`, { shipping: 0 })).toMatchObject({
      body: { total: 3_852 },
    });
    expect(await api.patch(`/api/v1/orders/${id}`, { currency: 'JPY' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/currency', code: 'needs_lines' }] },
    });
    const yen = [{ description: 'Tea', quantity: 1, unitPrice: 300 }];
    expect(await api.patch(`/api/v1/orders/${id}`, { currency: 'JPY', lines: yen })).toMatchObject({
      body: { currency: 'JPY', total: 300, productIds: [] },
    });
    expect((await api.del(`/api/v1/orders/${id}`)).status).toBe(204);
    expect(await api.post(`/api/v1/orders/${id}/restore`, undefined)).toMatchObject({ body: { number } });
  });

  test.each([
    ['no line', { lines: [] }, '/lines', 'too_few'],
    ['a line of nothing', { lines: [{ quantity: 1, unitPrice: 1 }] }, '/lines/0/description', 'required'],
    [
      'half a piece',
      { lines: [{ description: 'x', quantity: 1.5, unitPrice: 1 }] },
      '/lines/0/quantity',
      'invalid_type',
    ],
    [
      'a negative price',
      { lines: [{ description: 'x', quantity: 1, unitPrice: -1 }] },
      '/lines/0/unitPrice',
      'too_small',
    ],
    [
      'a discount of more than all',
      { lines: [{ description: 'x', quantity: 1, unitPrice: 1, discountBps: 10_001 }] },
      '/lines/0/discountBps',
      'too_large',
    ],
    [
      'no currency',
      { currency: 'eur', lines: [{ description: 'x', quantity: 1, unitPrice: 1 }] },
      '/currency',
      'invalid_value',
    ],
    [
      'a total of its own',
      { total: 1, lines: [{ description: 'x', quantity: 1, unitPrice: 1 }] },
      '/total',
      'unknown_field',
    ],
    [
      'too much',
      { lines: [{ description: 'x', quantity: 2, unitPrice: 10 ** 13 }] },
      '/lines/0',
      'too_large',
    ],
    [
      'too high a price',
      { lines: [{ description: 'x', quantity: 1, unitPrice: 10 ** 13 + 1 }] },
      '/lines/0/unitPrice',
      'too_large',
    ],
    [
      'a time to come',
      {
        status: 'shipped',
        shippedAt: '2999-01-01T00:00:00Z',
        lines: [{ description: 'x', quantity: 1, unitPrice: 1 }],
      },
      '/shippedAt',
      'invalid_value',
    ],
    [
      'shipping times',
      { shippedAt: '2026-01-01T00:00:00Z', lines: [{ description: 'x', quantity: 1, unitPrice: 1 }] },
      '/shippedAt',
      'not_applicable',
    ],
    [
      'no such product',
      { lines: [{ productId: 'prd_01ARZ3NDEKTSV4RRFFQ69G5FAV', quantity: 1 }] },
      '/lines/0/productId',
      'unknown_reference',
    ],
    [
      'no such contact',
      {
        contactId: 'con_01ARZ3NDEKTSV4RRFFQ69G5FAV',
        lines: [{ description: 'x', quantity: 1, unitPrice: 1 }],
      },
      '/contactId',
      'unknown_reference',
    ],
  ])('with %s is refused', async (_, body, pointer, code) => {
    const answer = await api.post('/api/v1/orders', body);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer, code }] } });
  });

  test('mixes no currencies, and takes no product of another tenant', async () => {
    const dollars = await made('products', { name: 'Dollar', unitPrice: 100, currency: 'USD' });
    const lines = [
      { productId: chai, quantity: 1 },
      { productId: dollars.id, quantity: 1 },
    ];
    expect(await api.post('/api/v1/orders', { lines })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/lines/1/productId', code: 'currency_mismatch' }] },
    });
    const stranger = await callerOf();
    expect(await stranger.post('/api/v1/orders', { lines })).toMatchObject({
      status: 422,
      body: { errors: [{ code: 'unknown_reference' }, { code: 'unknown_reference' }] },
    });
  });
});

describe('an order', () => {
  test('goes from draft to refunded, takes stock when it is confirmed and gives it back', async () => {
    const lines = [
      { productId: chai, quantity: 2 },
      { productId: chai, quantity: 3 },
      { productId: syrup, quantity: 1 },
    ];
    const { id, version } = await made('orders', { lines });
    expect(await act(id, 'confirm', {}, { 'if-match': '"v9"' })).toMatchObject({ status: 412 });
    const confirmed = await act(id, 'confirm', {}, { 'if-match': `"v${version}"`, 'idempotency-key': 'c1' });
    expect(confirmed).toMatchObject({
      status: 200,
      body: { status: 'confirmed', version: 2, stockTaken: [{ productId: chai, quantity: 5 }] },
    });
    const repeated = await act(id, 'confirm', {}, { 'if-match': `"v${version}"`, 'idempotency-key': 'c1' });
    expect(repeated.body).toEqual(confirmed.body);
    expect(await stockOf(chai)).toBe(5);

    const frozen = await api.patch(`/api/v1/orders/${id}`, { lines: [lines[0]] });
    expect(frozen).toMatchObject({
      status: 409,
      body: { code: 'invalid_transition', currentStatus: 'confirmed' },
    });
    await api.patch(`/api/v1/products/${chai}`, { unitPrice: 9_900 });
    const noted = await api.patch(`/api/v1/orders/${id}`, { notes: 'By the back door', tags: ['vip'] });
    expect(noted).toMatchObject({ status: 200, body: { total: confirmed.body.total, tags: ['vip'] } });
    await api.patch(`/api/v1/products/${chai}`, { unitPrice: 1_800 });
    expect(await api.del(`/api/v1/orders/${id}`)).toMatchObject({
      status: 409,
      body: { code: 'invalid_transition', possible: ['ship', 'cancel'] },
    });

    const shipped = await act(id, 'ship', { trackingNumber: '1Z', shipping: 500 });
    expect(shipped.body).toMatchObject({
      status: 'shipped',
      shipping: 500,
      total: confirmed.body.total + 500,
    });
    expect(await act(id, 'cancel')).toMatchObject({ status: 409, body: { possible: ['deliver', 'refund'] } });
    expect(await act(id, 'deliver')).toMatchObject({ body: { status: 'delivered' } });
    const refunded = await act(id, 'refund', { reason: 'cold', restock: true });
    expect(refunded).toMatchObject({ body: { status: 'refunded', refundReason: 'cold', stockTaken: [] } });
    expect(await stockOf(chai)).toBe(10);
    for (const action of ['confirm', 'ship', 'deliver', 'cancel', 'refund']) {
      expect(await act(id, action)).toMatchObject({
        status: 409,
        body: { code: 'invalid_transition', possible: [] },
      });
    }
  });

  test('is cancelled and gives back what it took', async () => {
    const { id } = await made('orders', { lines: [{ productId: chai, quantity: 4 }], status: 'confirmed' });
    expect(await stockOf(chai)).toBe(6);
    expect(await act(id, 'cancel', { reason: 'changed mind' })).toMatchObject({
      body: { status: 'cancelled', cancelReason: 'changed mind' },
    });
    expect(await stockOf(chai)).toBe(10);
    expect((await api.del(`/api/v1/orders/${id}`)).status).toBe(204);
  });

  test('that asks for more than there is changes nothing', async () => {
    const lines = [
      { productId: syrup, quantity: 1 },
      { productId: chai, quantity: 11 },
    ];
    const { id } = await made('orders', { lines });
    expect(await act(id, 'confirm')).toMatchObject({
      status: 409,
      body: { code: 'conflict', errors: [{ pointer: '/lines/1/quantity', code: 'insufficient_stock' }] },
    });
    expect((await api.get(`/api/v1/orders/${id}`)).body).toMatchObject({ status: 'draft', version: 1 });
    expect(await stockOf(chai)).toBe(10);
  });

  test('of old is brought over as it stood', async () => {
    const placedAt = '1996-07-04T00:00:00.000Z';
    const shippedAt = '1996-07-16T00:00:00.000Z';
    const body = {
      lines: [{ productId: syrup, quantity: 1 }],
      status: 'shipped',
      placedAt,
      shippedAt,
      reference: '10248',
    };
    const order = await made('orders', body);
    expect(order).toMatchObject({ ...body, lines: [{}], confirmedAt: placedAt, deliveredAt: null });
    const found = await api.get('/api/v1/orders?placedAt[lt]=2000-01-01&sort=placedAt');
    expect(found.body.data.map((one: { id: string }) => one.id)).toEqual([order.id]);
    expect((await api.get(`/api/v1/orders?number=${order.number}`)).body.data).toHaveLength(1);
    const ofProduct = await api.get(`/api/v1/orders?productId=${syrup}&status=shipped&total[gte]=1`);
    expect(ofProduct.body.data.map((one: { id: string }) => one.id)).toEqual([order.id]);
  });
});
