import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

const lines = [{ description: 'Work', quantity: 2, unitPrice: 5_000, taxRateBps: 1_900 }];
const made = async (path: string, body: object) => {
  const answer = await api.post(`/api/v1/${path}`, body);
  if (answer.status !== 201) throw new Error(answer.summary);
  return answer.body;
};
const act = (id: string, action: string, body: object = {}, headers?: Record<string, string>) =>
  api.post(`/api/v1/invoices/${id}/${action}`, body, headers);
const invoiceOf = (orderId: string, body: object = {}, headers?: Record<string, string>) =>
  api.post(`/api/v1/orders/${orderId}/invoice`, body, headers);

describe('the invoice of an order', () => {
  test('is made once, says what the order says, and again after it was voided', async () => {
    const contact = await made('contacts', { name: 'Payer' });
    const order = await made('orders', { lines, shipping: 700, contactId: contact.id, reference: 'PO 7' });
    expect(await invoiceOf(order.id)).toMatchObject({
      status: 409,
      body: { code: 'invalid_transition', currentStatus: 'draft' },
    });
    await api.post(`/api/v1/orders/${order.id}/confirm`, {});
    const first = await invoiceOf(order.id, { dueOn: '2026-12-31' }, { 'idempotency-key': 'i1' });
    expect(first).toMatchObject({
      status: 201,
      body: {
        number: expect.stringMatching(/^INV-\d{6}$/),
        status: 'draft',
        orderId: order.id,
        contactId: contact.id,
        reference: 'PO 7',
        dueOn: '2026-12-31',
        lines: order.lines,
        shipping: 700,
        total: order.total,
        taxSummary: order.taxSummary,
        amountPaid: 0,
        amountDue: order.total,
        overdue: false,
      },
    });
    const { id } = first.body;
    expect((await invoiceOf(order.id, { dueOn: '2026-12-31' }, { 'idempotency-key': 'i1' })).body).toEqual(
      first.body,
    );
    expect(await invoiceOf(order.id)).toMatchObject({
      status: 409,
      body: { code: 'conflict', existingId: id },
    });
    expect(await api.post('/api/v1/invoices', { orderId: order.id })).toMatchObject({
      body: { existingId: id },
    });
    expect((await api.get(`/api/v1/orders/${order.id}`)).body.invoiceId).toBe(id);
    expect(await api.post(`/api/v1/orders/${order.id}/cancel`, {})).toMatchObject({
      status: 409,
      body: { code: 'conflict', existingId: id },
    });
    expect(await api.patch(`/api/v1/invoices/${id}`, { shipping: 1 })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/shipping', code: 'not_applicable' }] },
    });

    expect(await act(id, 'void', { reason: 'wrong address' })).toMatchObject({
      body: { status: 'void', voidReason: 'wrong address', amountDue: 0 },
    });
    const second = await invoiceOf(order.id, { finalize: true });
    expect(second).toMatchObject({ status: 201, body: { status: 'open', issuedAt: expect.any(String) } });
    const ofOrder = await api.get(`/api/v1/invoices?orderId=${order.id}`);
    expect(ofOrder.body.data).toHaveLength(2);
  });

  test('frees its order when the draft is deleted, and takes it again when it is restored', async () => {
    const order = await made('orders', { lines, status: 'confirmed' });
    const { id } = (await invoiceOf(order.id)).body;
    expect((await api.del(`/api/v1/invoices/${id}`)).status).toBe(204);
    expect((await api.get(`/api/v1/orders/${order.id}`)).body.invoiceId).toBeNull();
    const other = await invoiceOf(order.id);
    expect(other.status).toBe(201);
    const restore = () => api.post(`/api/v1/invoices/${id}/restore`);
    expect(await restore()).toMatchObject({ status: 409, body: { existingId: other.body.id } });
    await api.del(`/api/v1/invoices/${other.body.id}`);
    const shipped = (await api.post(`/api/v1/orders/${order.id}/ship`, { shipping: 500 })).body;
    expect(await restore()).toMatchObject({
      status: 200,
      body: { orderId: order.id, shipping: 500, total: shipped.total, amountDue: shipped.total },
    });
    expect((await api.get(`/api/v1/orders/${order.id}`)).body.invoiceId).toBe(id);
  });
});

describe('an invoice', () => {
  test('of its own lines is changed as a draft and stands when it is issued', async () => {
    const { id, total } = await made('invoices', { lines, currency: 'EUR' });
    expect(total).toBe(11_900);
    expect(await act(id, 'payments', { amount: 1 })).toMatchObject({
      status: 409,
      body: { possible: ['finalize', 'void'] },
    });
    const half = [{ ...lines[0], quantity: 1 }];
    expect(await api.patch(`/api/v1/invoices/${id}`, { lines: half })).toMatchObject({
      body: { total: 5_950, amountDue: 5_950 },
    });
    expect(await act(id, 'finalize', { dueOn: '2026-12-31' })).toMatchObject({
      status: 200,
      body: { status: 'open', dueOn: '2026-12-31' },
    });
    for (const patch of [{ lines }, { shipping: 5 }, { contactId: null, currency: 'USD' }]) {
      expect(await api.patch(`/api/v1/invoices/${id}`, patch)).toMatchObject({ status: 409 });
    }
    expect(await api.patch(`/api/v1/invoices/${id}`, { notes: 'Thanks' })).toMatchObject({ status: 200 });
    expect(await api.del(`/api/v1/invoices/${id}`)).toMatchObject({
      status: 409,
      body: { code: 'invalid_transition' },
    });
  });

  test('is paid in parts, never more than is due, and a payment can be taken back', async () => {
    const { id } = await made('invoices', { lines, currency: 'EUR', status: 'open' });
    const pay = (body: object, headers?: Record<string, string>) => act(id, 'payments', body, headers);
    expect(await pay({ amount: 1, currency: 'USD' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/currency' }] },
    });
    for (const amount of [0, -1, 0.5]) expect(await pay({ amount })).toMatchObject({ status: 422 });
    const first = await pay({ amount: 4_000, method: 'card', reference: 'r1' }, { 'idempotency-key': 'p1' });
    expect(first).toMatchObject({
      status: 201,
      body: { status: 'open', amountPaid: 4_000, amountDue: 7_900 },
    });
    expect(
      (await pay({ amount: 4_000, method: 'card', reference: 'r1' }, { 'idempotency-key': 'p1' })).body,
    ).toEqual(first.body);
    expect(await pay({ amount: 7_901 })).toMatchObject({
      status: 409,
      body: { code: 'conflict', amountDue: 7_900, errors: [{ pointer: '/amount', code: 'overpayment' }] },
    });
    expect(await act(id, 'void')).toMatchObject({ status: 409, body: { code: 'conflict' } });
    const paidAt = '2026-10-01T12:00:00.000Z';
    expect(await pay({ amount: 7_900, paidAt })).toMatchObject({
      body: { status: 'paid', amountDue: 0, paidAt: first.body.payments[0].paidAt },
    });
    const { data } = (await api.get(`/api/v1/invoices/${id}/payments`)).body;
    expect(data).toMatchObject([
      { amount: 4_000, method: 'card', reference: 'r1' },
      { amount: 7_900, paidAt },
    ]);
    expect(await pay({ amount: 1 })).toMatchObject({ status: 409, body: { code: 'invalid_transition' } });
    const bounced = await api.del(`/api/v1/invoices/${id}/payments/${data[1].id}`);
    expect(bounced).toMatchObject({ status: 200, body: { status: 'open', amountDue: 7_900, paidAt: null } });
    expect((await api.del(`/api/v1/invoices/${id}/payments/${data[1].id}`)).status).toBe(404);
    expect(await act(id, 'mark-uncollectible')).toMatchObject({ body: { status: 'uncollectible' } });
    expect(await pay({ amount: 7_900 })).toMatchObject({ body: { status: 'paid' } });
  });

  test('of nothing is paid when it is issued', async () => {
    const free = [{ description: 'Gift', quantity: 1, unitPrice: 0 }];
    const { id } = await made('invoices', { lines: free });
    expect(await act(id, 'finalize')).toMatchObject({
      body: { status: 'paid', amountDue: 0, payments: [], paidAt: expect.any(String) },
    });
    expect(await act(id, 'finalize')).toMatchObject({ status: 409, body: { possible: ['void'] } });
    expect(await act(id, 'void')).toMatchObject({ body: { status: 'void', amountDue: 0, paidAt: null } });
  });

  test('that is open is overdue after the day on which it is due', async () => {
    const late = await made('invoices', { lines, status: 'open', dueOn: '2020-01-31' });
    const draft = await made('invoices', { lines, dueOn: '2020-01-31' });
    expect([late.overdue, draft.overdue]).toEqual([true, false]);
    const overdue = await api.get('/api/v1/invoices?overdue=true');
    expect(overdue.body.data.map(({ id }: { id: string }) => id)).toEqual([late.id]);
    expect(overdue.body.data[0].overdue).toBe(true);
    const due = await api.get('/api/v1/invoices?dueOn[lte]=2020-01-31&sort=dueOn&amountDue[gte]=1');
    expect(due.body.data.map(({ id }: { id: string }) => id).sort()).toEqual([late.id, draft.id].sort());
    await act(late.id, 'payments', { amount: late.total });
    expect((await api.get('/api/v1/invoices?overdue=true')).body.data).toEqual([]);
    expect(await api.get('/api/v1/invoices?overdue=false')).toMatchObject({ status: 422 });
  });

  test('of old is brought over as paid, from orders and in one batch', async () => {
    const order = await made('orders', { lines, status: 'shipped', shippedAt: '1996-07-16T00:00:00Z' });
    const times = { issuedAt: '1996-07-16T00:00:00.000Z', paidAt: '1996-08-01T00:00:00.000Z' };
    const operations = [
      { op: 'create', data: { orderId: order.id, status: 'paid', ...times } },
      { op: 'create', data: { orderId: order.id } },
      { op: 'create', data: { lines, status: 'open' } },
    ];
    const { status, body } = await api.post('/api/v1/invoices/batch', { operations });
    expect(status).toBe(207);
    const [paid, second, own] = body.results;
    expect(paid).toMatchObject({ status: 201, data: { status: 'paid', amountPaid: order.total, ...times } });
    expect(second).toMatchObject({ status: 409, problem: { existingId: paid.data.id } });
    expect(own).toMatchObject({ status: 201 });
  });

  test.each([
    ['neither lines nor order', {}, '/lines', 'required'],
    ['lines beside its order', { orderId: 'own', lines }, '/lines', 'not_applicable'],
    ['an unknown order', { orderId: 'ord_01ARZ3NDEKTSV4RRFFQ69G5FAV' }, '/orderId', 'unknown_reference'],
    ['a day that is none', { lines, dueOn: '2026-02-30' }, '/dueOn', 'invalid_format'],
    [
      'a payment before it is paid',
      { lines, status: 'open', paidAt: '2026-01-01T00:00:00Z' },
      '/paidAt',
      'not_applicable',
    ],
  ])('with %s is refused', async (_, body, pointer, code) => {
    const own = 'orderId' in body && body.orderId === 'own';
    const orderId = own && (await made('orders', { lines, status: 'confirmed' })).id;
    const answer = await api.post('/api/v1/invoices', { ...body, ...(orderId && { orderId }) });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer, code }] } });
  });
});
