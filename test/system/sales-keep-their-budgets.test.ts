import { beforeAll, expect, test } from '@jest/globals';
import { type Api, callerOf } from './support/api.ts';
import { cheapest, costOfRequest } from './support/costs.ts';

let api: Api;
let lines: { productId: string; quantity: number }[];

beforeAll(async () => {
  api = await callerOf();
  const operations = ['Chai', 'Chang'].map((name) => ({
    op: 'create',
    data: { name, unitPrice: 100, currency: 'EUR', stock: 1_000 },
  }));
  const { results } = (await api.post('/api/v1/products/batch', { operations })).body;
  lines = results.map(({ data }: { data: { id: string } }) => ({ productId: data.id, quantity: 1 }));
});

const post = (path: string, body: object) => costOfRequest(api, 'POST', `/api/v1/${path}`, body);

test('an order: its products, its number, one transaction', async () => {
  const { calls } = await cheapest(() => post('orders', { lines }));
  expect(calls).toEqual(['BatchGetItem', 'GetItem', 'TransactWriteItems']);
});

test('an order is confirmed and cancelled by two reads and one transaction, and shipped by one write', async () => {
  const { id } = (await api.post('/api/v1/orders', { lines })).body;
  const confirmed = await post(`orders/${id}/confirm`, {});
  expect(confirmed.calls).toEqual(['GetItem', 'BatchGetItem', 'TransactWriteItems']);
  expect((await post(`orders/${id}/cancel`, {})).calls).toEqual(confirmed.calls);
  const other = (await api.post('/api/v1/orders', { lines, status: 'confirmed' })).body;
  expect((await post(`orders/${other.id}/ship`, {})).calls).toEqual(['GetItem', 'PutItem']);
  expect((await costOfRequest(api, 'PATCH', `/api/v1/orders/${id}`, { notes: 'x' })).calls).toEqual([
    'UpdateItem',
  ]);
});

test('an invoice of an order: the order twice, its number, one transaction; a payment: one read, one write', async () => {
  const { id } = (await api.post('/api/v1/orders', { lines, status: 'confirmed' })).body;
  const { answer, calls } = await post(`orders/${id}/invoice`, { finalize: true });
  expect(calls).toEqual(['GetItem', 'GetItem', 'GetItem', 'TransactWriteItems']);
  const paid = await post(`invoices/${answer.body.id}/payments`, { amount: 50 });
  expect(paid.calls).toEqual(['GetItem', 'PutItem']);
  const overdue = await costOfRequest(api, 'GET', '/api/v1/invoices?overdue=true');
  expect(overdue.calls).toEqual(['Query']);
});

test('a batch: what twenty orders need is read at once and written in one transaction', async () => {
  const operations = Array.from({ length: 40 }, () => ({ op: 'create', data: { lines } }));
  const { answer, calls } = await cheapest(() => post('orders/batch', { operations }));
  expect(answer.status).toBe(200);
  const twenty = ['BatchGetItem', 'GetItem', 'TransactWriteItems'];
  expect(calls).toEqual([...twenty, ...twenty]);
});
