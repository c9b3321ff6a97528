import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { callerOf, eventually } from '../system/support/api.ts';
import { type RunningRuntime, startRuntime } from '../system/support/start-runtime.ts';

let runtime: RunningRuntime;

beforeAll(async () => {
  runtime = await startRuntime({ sampleData: true });
  await eventually(
    async () => JSON.parse(readFileSync(join(runtime.dataDir, 'local.json'), 'utf8')).sampleData,
    (state) => state === 'loaded',
    180_000,
    500,
  );
}, 240_000);

afterAll(async () => {
  await runtime?.stop();
  if (runtime) rmSync(runtime.dataDir, { recursive: true, force: true });
});

describe('the sample data', () => {
  test('are all its orders, whose value is the known total, and an invoice for each that was shipped', async () => {
    const api = await callerOf({ stack: runtime.stack, tenantId: 'northwind' });
    const { orders, invoices } = await eventually(
      async () => (await api.get('/api/v1/dashboard')).body,
      (dashboard) => dashboard.orders.total === 830 && dashboard.invoices.total === 809,
      60_000,
      500,
    );
    const [lines, freight] = [126_579_329, 6_494_269];
    expect(orders).toMatchObject({ total: 830, totalValue: lines + freight });
    expect(orders.byStatus).toContainEqual(expect.objectContaining({ status: 'shipped', count: 809 }));
    expect(invoices).toMatchObject({ total: 809, overdue: 77 });
    const all: { lines: object[]; [member: string]: unknown }[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await api.get(`/api/v1/orders?limit=100${cursor && `&cursor=${cursor}`}`);
      all.push(...page.body.data);
      cursor = page.body.page.nextCursor;
    }
    const sum = (member: string) => all.reduce((total, order) => total + Number(order[member]), 0);
    expect(all.flatMap((order) => order.lines)).toHaveLength(2_155);
    expect(sum('subtotal') - sum('discount')).toBe(lines);
    expect(sum('shipping')).toBe(freight);
    const [chai] = (await api.get('/api/v1/products?sku=NW-001')).body.data;
    expect(chai).toMatchObject({ name: 'Chai', unitPrice: 1_800, stock: 39 });
  }, 120_000);
});
