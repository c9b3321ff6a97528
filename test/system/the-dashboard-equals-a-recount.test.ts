import { beforeAll, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually, sharedStack } from './support/api.ts';

type Row = Record<string, unknown> & { id: string; status: string; currency: string | null };

let api: Api;
const today = new Date().toISOString().slice(0, 10);

beforeAll(async () => {
  api = await callerOf();
});

/** The answer's body, of a request that must be taken. */
async function taken(answer: Promise<Answer>): Promise<Row> {
  const { status, body, summary } = await answer;
  if (status >= 300) throw new Error(summary);
  return body;
}

/** What people do with records: each is made, and then changed, moved, deleted or restored. */
const lives: ((at: number) => Promise<unknown>)[] = [
  async (at) => {
    const currency = at % 3 === 0 ? 'EUR' : 'USD';
    const deal = { title: `Deal ${at}`, amount: 1_001 * at, currency };
    const { id } = await taken(api.post('/api/v1/deals', deal));
    if (at % 2) await taken(api.post(`/api/v1/deals/${id}/move`, { stageId: 'proposal' }));
    if (at % 4 === 1) await taken(api.post(`/api/v1/deals/${id}/move`, { stageId: 'won' }));
    if (at % 3 === 1) {
      await taken(api.patch(`/api/v1/deals/${id}`, { amount: 77, expectedCloseOn: '2027-02-28' }));
    }
    if (at % 5 === 2) await taken(api.del(`/api/v1/deals/${id}`));
  },
  async (at) => {
    const lines = [{ description: 'Thing', quantity: at + 1, unitPrice: 333, taxRateBps: 700 }];
    const order = { lines, currency: at % 2 ? 'USD' : 'JPY', shipping: at };
    const { id } = await taken(api.post('/api/v1/orders', order));
    if (at % 3 === 0) await taken(api.post(`/api/v1/orders/${id}/confirm`, {}));
    if (at % 3 === 1) await taken(api.patch(`/api/v1/orders/${id}`, { shipping: 5_000 }));
    if (at % 4 === 2) await taken(api.post(`/api/v1/orders/${id}/cancel`, {}));
    if (at % 4 === 3) {
      const deleted = await api.del(`/api/v1/orders/${id}`);
      if (deleted.status === 204 && at % 2) await taken(api.post(`/api/v1/orders/${id}/restore`));
    }
  },
  async (at) => {
    const lines = [{ description: 'Thing', quantity: 1, unitPrice: 1_000 + at }];
    const dueOn = ['2026-01-31', '2099-01-31', today][at % 3];
    const { id } = await taken(api.post('/api/v1/invoices', { lines, currency: 'USD', dueOn }));
    if (at % 4) await taken(api.post(`/api/v1/invoices/${id}/finalize`, {}));
    if (at % 4 === 2) await taken(api.post(`/api/v1/invoices/${id}/payments`, { amount: 400 }));
  },
  async (at) => {
    const dueAt = at % 2 ? '2026-01-31T08:15:00Z' : '2099-01-31T08:15:00Z';
    const { id } = await taken(api.post('/api/v1/tasks', { type: 'todo', dueAt }));
    if (at % 3 === 0) await taken(api.patch(`/api/v1/tasks/${id}`, { dueAt: '2026-02-01T00:00:00Z' }));
    if (at % 4 === 1) await taken(api.post(`/api/v1/tasks/${id}/cancel`, {}));
  },
];

async function all(collection: string): Promise<Row[]> {
  const { body } = await api.get(`/api/v1/${collection}?limit=100`);
  expect(body.page.nextCursor).toBeNull();
  return body.data;
}

const sum = (rows: Row[], field: string) => rows.reduce((total, row) => total + Number(row[field] ?? 0), 0);
const inUsd = (rows: Row[]) => rows.filter(({ currency }) => currency === 'USD');
const having = (rows: Row[], status: string) => rows.filter((row) => row.status === status);

/** The numbers of the dashboard, from the lists. */
async function recount() {
  const [deals, orders, invoices, tasks] = [
    await all('deals'),
    await all('orders'),
    await all('invoices'),
    await all('tasks'),
  ];
  const weighted = (deal: Row) => Math.floor((Number(deal.amount) * Number(deal.probability) + 50) / 100);
  const open = having(inUsd(deals), 'open');
  const living = tasks.filter(({ state }) => state === 'ready' || state === 'scheduled');
  return {
    deals: {
      total: deals.length,
      totalValue: sum(inUsd(deals), 'amount'),
      openValue: sum(open, 'amount'),
      weightedValue: open.reduce((total, deal) => total + weighted(deal), 0),
      won: having(deals, 'won').length,
      proposal: deals.filter(({ stageId }) => stageId === 'proposal').length,
    },
    orders: {
      total: orders.length,
      totalValue: sum(inUsd(orders), 'total'),
      yen: sum(
        orders.filter(({ currency }) => currency === 'JPY'),
        'total',
      ),
      cancelled: sum(having(inUsd(orders), 'cancelled'), 'total'),
    },
    invoices: {
      total: invoices.length,
      totalAmount: sum(invoices, 'total'),
      outstandingAmount: sum(having(invoices, 'open'), 'amountDue'),
      overdue: invoices.filter(({ overdue }) => overdue).length,
    },
    tasks: {
      total: tasks.length,
      overdue: living.filter(({ dueAt }) => String(dueAt) < today).length,
      cancelled: tasks.filter(({ state }) => state === 'cancelled').length,
    },
  };
}

type Counted = { status: string; count: number; totalValue: number }[];
const of = (numbers: Counted, status: string) => numbers.find((one) => one.status === status);

/** The same numbers, from the dashboard. */
// biome-ignore lint/suspicious/noExplicitAny: the answer of an API
function numbersOf({ deals, orders, invoices, tasks }: any) {
  const { total, totalValue, openValue, weightedValue } = deals;
  const stage = deals.byStage.find(({ stage: name }: { stage: string }) => name === 'proposal');
  const yen = orders.valueByCurrency.find(({ currency }: { currency: string }) => currency === 'JPY');
  return {
    deals: {
      ...{ total, totalValue, openValue, weightedValue },
      won: of(deals.byStatus, 'won')?.count,
      proposal: stage?.count,
    },
    orders: {
      ...{ total: orders.total, totalValue: orders.totalValue, yen: yen?.value },
      cancelled: of(orders.byStatus, 'cancelled')?.totalValue,
    },
    invoices: {
      ...{ total: invoices.total, totalAmount: invoices.totalAmount },
      ...{ outstandingAmount: invoices.outstandingAmount, overdue: invoices.overdue },
    },
    tasks: {
      ...{ total: tasks.total, overdue: tasks.overdue },
      cancelled: of(tasks.byStatus, 'cancelled')?.count,
    },
  };
}

const query = `query ($currency: String) { dashboard(currency: $currency) {
  currency
  deals { total totalValue openValue weightedValue byStatus { status count } byStage { stage count } }
  orders { total totalValue valueByCurrency { currency value count } byStatus { status totalValue } }
  invoices { total totalAmount outstandingAmount overdue }
  tasks { total overdue byStatus { status count } } } }`;

test('over REST and GraphQL, after much was written at once, and there is nothing to correct', async () => {
  await Promise.all(
    lives.map(async (live) => {
      for (let at = 0; at < 12; at += 4) {
        await Promise.all([0, 1, 2, 3].map((more) => live(at + more)));
      }
    }),
  );
  const expected = await recount();
  const { body } = await eventually(
    () => api.get('/api/v1/dashboard?currency=USD'),
    (answer) => JSON.stringify(numbersOf(answer.body)) === JSON.stringify(expected),
  );
  expect(numbersOf(body)).toEqual(expected);
  const answered = await api.call('POST', sharedStack().graphqlUrl, {
    body: { query, variables: { currency: 'USD' } },
  });
  expect(numbersOf(answered.body.data.dashboard)).toEqual(expected);

  const overdue = await api.get('/api/v1/invoices?overdue=true&include=total&limit=1');
  expect(overdue.body.total).toBe(expected.invoices.overdue);
  const staged = await api.get('/api/v1/deals?stageId=proposal&include=total&limit=1');
  expect(staged.body.total).toBe(expected.deals.proposal);

  const rebuild = { entities: ['deal', 'order', 'invoice', 'task'] };
  const { id } = await taken(api.post('/api/system/counters/rebuild', rebuild));
  const done = await eventually(
    () => api.get(`/api/v1/tasks/${id}`),
    (answer) => ['completed', 'dead'].includes(answer.body.state),
  );
  expect(done.body).toMatchObject({ state: 'completed', result: { corrected: 0, differences: [] } });
  expect(done.body.result.records.order).toBeGreaterThanOrEqual(expected.orders.total);
});

test('in the tenant’s own currency unless another one is asked for', async () => {
  expect((await api.get('/api/v1/dashboard')).body.currency).toBe('USD');
  expect((await api.get('/api/v1/dashboard?currency=Dollar')).status).toBe(422);
  const viewer = await api.as('viewer');
  expect((await viewer.get('/api/v1/dashboard')).status).toBe(200);
  expect((await viewer.post('/api/system/counters/rebuild', {})).status).toBe(403);
});
