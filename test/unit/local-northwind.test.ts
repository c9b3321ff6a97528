import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type DataDirectory, openDataDirectory } from '../../local/data-directory.ts';
import { isNorthwindLoaded, loadNorthwind } from '../../local/sample-data/load-northwind.ts';
import { readNorthwind } from '../../local/sample-data/northwind-files.ts';
import { toCompany, toContact } from '../../local/sample-data/northwind-records.ts';
import { northwindSteps } from '../../local/sample-data/northwind-steps.ts';

interface Batch {
  path: string;
  key: string;
  operations: { op: string; data: Record<string, unknown> }[];
}

describe('a row', () => {
  test('of a customer becomes a company with a contact person', () => {
    const row = readNorthwind('customers').find(({ companyName }) => companyName === 'Alfreds Futterkiste');
    if (row === undefined) throw new Error('ALFKI is missing');
    expect(toCompany(row, 'customer')).toEqual({
      name: 'Alfreds Futterkiste',
      phone: '030-0074321',
      address: { line1: 'Obere Str. 57', city: 'Berlin', postalCode: '12209', country: 'Germany' },
      tags: ['customer'],
      notes: 'Fax: 030-0076545',
    });
    expect(toContact(row, 'com_1')).toEqual({
      name: 'Maria Anders',
      title: 'Sales Representative',
      phone: '030-0074321',
      companyId: 'com_1',
      stage: 'customer',
      source: 'northwind',
      address: { line1: 'Obere Str. 57', city: 'Berlin', postalCode: '12209', country: 'Germany' },
    });
  });

  test('of a supplier keeps its contact person in the notes', () => {
    const [row] = readNorthwind('suppliers');
    if (row === undefined) throw new Error('no suppliers');
    expect(toCompany(row, 'supplier')).toMatchObject({
      name: 'Exotic Liquids',
      tags: ['supplier'],
      notes: 'Contact: Charlotte Cooper, Purchasing Manager',
    });
  });

  test('91 customers with as many telephone numbers, 29 suppliers', () => {
    const customers = readNorthwind('customers');
    expect(customers).toHaveLength(91);
    expect(new Set(customers.map(({ phone }) => phone.replace(/\D/g, ''))).size).toBe(91);
    expect(readNorthwind('suppliers')).toHaveLength(29);
  });

  test('of an order has its lines with discounts, and freight as shipping', () => {
    const steps = northwindSteps();
    const idsOf = (name: string) =>
      Array.from({ length: steps.find((step) => step.name === name)?.size ?? 0 }, (_, at) => `${name}-${at}`);
    const names = ['customers', 'contacts', 'products', 'orders'];
    const ids = Object.fromEntries(names.map((name) => [name, idsOf(name)]));
    const bodies = (name: string) => {
      const step = steps.find((candidate) => candidate.name === name);
      return Array.from({ length: step?.size ?? 0 }, (_, row) => step?.body(row, ids)) as Record<
        string,
        unknown
      >[];
    };
    const orders = bodies('orders');
    expect(orders).toHaveLength(830);
    expect(orders.flatMap(({ lines }) => lines)).toHaveLength(2_155);
    expect(orders.reduce((sum, { shipping }) => sum + Number(shipping), 0)).toBe(6_494_269);
    expect(orders.filter(({ status }) => status === 'confirmed')).toHaveLength(21);
    expect(orders[2]).toMatchObject({
      placedAt: '1996-07-08T12:00:00.000Z',
      status: 'shipped',
      lines: [{ quantity: 10 }, { discountBps: 1_500, unitPrice: 4_240 }, { discountBps: 1_500 }],
    });
    expect(bodies('invoices')).toHaveLength(809);
    expect(bodies('invoices')[0]).toEqual({
      orderId: 'orders-0',
      issuedAt: '1996-07-16T12:00:00.000Z',
      dueOn: '1996-08-15',
      status: 'paid',
      paidAt: '1996-08-15T12:00:00.000Z',
    });
    expect(bodies('products')[0]).toMatchObject({ name: 'Chai', sku: 'NW-001', unitPrice: 1_800 });
  });
});

/** Companies, contact persons, products, orders and the invoices of the shipped ones. */
const total = 91 + 29 + 91 + 77 + 830 + 809;

describe('loading', () => {
  let directory: string;
  let data: DataDirectory;
  let api: { server: Server; url: string; batches: Batch[]; failAt?: number };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-northwind-'));
    data = openDataDirectory(directory);
    api = await startApi();
  });

  afterEach(async () => {
    data.release();
    rmSync(directory, { recursive: true });
    await new Promise((resolve) => api.server.close(resolve));
  });

  const load = () => {
    const steps: string[] = [];
    const progress = (done: number, total: number) => void steps.push(`${done}/${total}`);
    return loadNorthwind({ url: api.url, token: 't', data, progress }).then(() => steps);
  };

  test('sends everything in batches and links each contact to its company', async () => {
    const steps = await load();
    expect(steps.at(-1)).toBe(`${total}/${total}`);
    expect(isNorthwindLoaded(data)).toBe(true);
    const sent = (path: string) =>
      api.batches.filter((batch) => batch.path === path).flatMap(({ operations }) => operations);
    expect(sent('/api/v1/companies/batch')).toHaveLength(120);
    const contacts = sent('/api/v1/contacts/batch');
    expect(contacts).toHaveLength(91);
    expect(contacts.map(({ data: { companyId } }) => companyId)).toEqual(
      Array.from({ length: 91 }, (_, index) => `id_${index}`),
    );
    expect(new Set(api.batches.map(({ key }) => key)).size).toBe(api.batches.length);
  });

  test('a load that broke off goes on where it stopped, with the same keys', async () => {
    api.failAt = 3;
    await expect(load()).rejects.toThrow('Northwind: companies/batch answered 500');
    expect(isNorthwindLoaded(data)).toBe(false);
    const failed = api.batches.at(-1);
    api.failAt = undefined;
    api.batches.length = 0;
    await load();
    expect(api.batches[0]).toEqual(failed);
    expect(api.batches.flatMap(({ operations }) => operations)).toHaveLength(total - 91);
  });
});

/** Answers batches with ids that count up; fails the n-th request when told so. */
async function startApi() {
  const batches: Batch[] = [];
  const api: { server: Server; url: string; batches: Batch[]; failAt?: number } = {
    batches,
    url: '',
    server: createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString();
      const { operations } = JSON.parse(body) as Batch;
      const key = String(request.headers['idempotency-key']);
      batches.push({ path: request.url ?? '', key, operations });
      if (batches.length === api.failAt) return void response.writeHead(500).end('{}');
      const from = Number(key.split('-').at(-1));
      const results = operations.map((_, index) => ({
        index,
        status: 201,
        data: { id: `id_${from + index}` },
      }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results }));
    }),
  };
  await new Promise<void>((resolve) => api.server.listen(0, '127.0.0.1', resolve));
  api.url = `http://127.0.0.1:${(api.server.address() as AddressInfo).port}`;
  return api;
}
