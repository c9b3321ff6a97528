import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually, sharedStack } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

async function graphql(query: string, variables: Record<string, unknown> = {}, caller = api) {
  const { body } = await caller.call('POST', sharedStack().graphqlUrl, { body: { query, variables } });
  return body;
}

/** The data of an operation that must not fail. */
async function ask(query: string, variables: Record<string, unknown> = {}, caller = api) {
  const { data, errors } = await graphql(query, variables, caller);
  expect({ query, errors }).toEqual({ query, errors: undefined });
  return data;
}

/** Makes a record and gives what is asked of it. */
async function create(entity: string, input: Record<string, unknown>, selection = 'id') {
  const field = `create${entity}`;
  const data = await ask(`mutation ($input: ${entity}Input!) { ${field}(input: $input) { ${selection} } }`, {
    input,
  });
  return data[field];
}

const errorTypes = ({ errors = [] }: { errors?: { errorType: string }[] }) =>
  errors.map(({ errorType }) => errorType);

describe('a sale over GraphQL', () => {
  test('goes from the deal to the payment by the rules of REST', async () => {
    const company = await create('Company', { name: 'Analytical Engines' });
    const contact = await create('Contact', { name: 'Ada', companyId: company.id });
    const tea = await create('Product', { name: 'Tea', unitPrice: 3_000_000_000, currency: 'EUR', stock: 5 });
    const buyer = { contactId: contact.id, companyId: company.id };
    const deal = await create('Deal', { title: 'Big', amount: 6e9, currency: 'EUR', ...buyer }, 'id version');
    await create('Activity', { kind: 'call', subject: 'Said yes', dealId: deal.id, ...buyer });
    await create('Task', { type: 'todo', title: 'Thank', about: { type: 'deal', id: deal.id } });

    const move = `mutation ($v: Int) { moveDeal(id: "${deal.id}", input: { stageId: "won", lostReason: null }, expectedVersion: $v) { status stageHistory { stageId } contact { stage } } }`;
    expect(errorTypes(await graphql(move, { v: deal.version + 1 }))).toEqual(['precondition_failed']);
    expect((await ask(move, { v: deal.version })).moveDeal).toEqual({
      status: 'won',
      stageHistory: [{ stageId: 'lead' }, { stageId: 'won' }],
      contact: { stage: 'customer' },
    });

    const order = await create(
      'Order',
      { ...buyer, lines: [{ productId: tea.id, quantity: 2 }] },
      'id total',
    );
    expect(order.total).toBe(6_000_000_000);
    expect(
      await ask(`mutation { confirmOrder(id: "${order.id}") { status lines { description } } }`),
    ).toEqual({
      confirmOrder: { status: 'confirmed', lines: [{ description: 'Tea' }] },
    });
    expect(await ask(`{ product(id: "${tea.id}") { stock } }`)).toEqual({ product: { stock: 3 } });
    expect(errorTypes(await graphql(`mutation { deliverOrder(id: "${order.id}") { id } }`))).toEqual([
      'invalid_transition',
    ]);
    const ship = `mutation { shipOrder(id: "${order.id}", input: { trackingNumber: "1Z" }, idempotencyKey: "ship") { status trackingNumber } }`;
    const shipped = { shipOrder: { status: 'shipped', trackingNumber: '1Z' } };
    expect([await ask(ship), await ask(ship)]).toEqual([shipped, shipped]);

    const { invoiceOrder: invoice } = await ask(
      `mutation { invoiceOrder(id: "${order.id}", input: { finalize: true, dueOn: "2027-01-31" }) { id status dueOn amountDue order { id } } }`,
    );
    expect(invoice).toMatchObject({
      status: 'open',
      dueOn: '2027-01-31',
      amountDue: 6e9,
      order: { id: order.id },
    });
    const pay = `mutation ($amount: Float!, $key: String) { payInvoice(id: "${invoice.id}", input: { amount: $amount }, idempotencyKey: $key) { status amountDue payments { id amount } } }`;
    const part = await ask(pay, { amount: 1e9, key: 'bank-1' });
    expect(await ask(pay, { amount: 1e9, key: 'bank-1' })).toEqual(part);
    expect(part.payInvoice).toMatchObject({ status: 'open', amountDue: 5e9, payments: [{ amount: 1e9 }] });
    const tooMuch = await graphql(pay, { amount: 5e9 + 1 });
    expect(tooMuch.errors).toMatchObject([{ errorType: 'conflict', errorInfo: { amountDue: 5e9 } }]);
    expect(errorTypes(await graphql(pay, { amount: 0.5 }))).toEqual(['validation_failed']);
    expect((await ask(pay, { amount: 5e9 })).payInvoice).toMatchObject({ status: 'paid', amountDue: 0 });

    const { contact: found } = await ask(`{ contact(id: "${contact.id}") {
      company { name deals { items { title } } invoices { items { status } } }
      deals { items { title pipeline { name } company { name } activities { items { subject deal { title } } } tasks { items { title } } } }
      activities(limit: 1) { items { subject contact { name } } nextCursor }
      orders { items { total invoice { amountDue contact { name } } } }
      invoices { items { order { status } } }
    } }`);
    expect(found).toMatchObject({
      company: {
        name: 'Analytical Engines',
        deals: { items: [{ title: 'Big' }] },
        invoices: { items: [{ status: 'paid' }] },
      },
      deals: {
        items: [
          {
            title: 'Big',
            company: { name: 'Analytical Engines' },
            activities: { items: [{ subject: 'Said yes', deal: { title: 'Big' } }] },
            tasks: { items: [{ title: 'Thank' }] },
          },
        ],
      },
      activities: { items: [{ subject: 'Said yes', contact: { name: 'Ada' } }], nextCursor: null },
      orders: { items: [{ total: 6e9, invoice: { amountDue: 0, contact: { name: 'Ada' } } }] },
      invoices: { items: [{ order: { status: 'shipped' } }] },
    });
  });

  test('numbers what is made at the same time without gaps', async () => {
    const seller = await callerOf();
    const order =
      'createOrder(input: { currency: "EUR", lines: [{ description: "x", quantity: 1, unitPrice: 1 }] }) { number }';
    const made = await Promise.all(Array.from({ length: 6 }, () => ask(`mutation { ${order} }`, {}, seller)));
    expect(made.map(({ createOrder }) => createOrder.number).sort()).toEqual(
      [1, 2, 3, 4, 5, 6].map((number) => `ORD-00000${number}`),
    );
  });

  test('is in lists, pages, totals and the dashboard', async () => {
    const page = `{ dealPage(filter: { status: { in: [won, lost] }, amount: { gte: 6000000000 } }, sort: "-amount") { items { title } nextCursor } }`;
    expect((await ask(page)).dealPage).toEqual({ items: [{ title: 'Big' }], nextCursor: null });
    expect(
      await ask(
        '{ invoices(status: paid, dueOn: "2027-01-31") { number } activities(kind: call) { subject } }',
      ),
    ).toEqual({
      invoices: [{ number: 'INV-000001' }],
      activities: [{ subject: 'Said yes' }],
    });
    const counted = await eventually(
      () =>
        ask(
          '{ orderPage(filter: { status: { eq: shipped } }) { total } dashboard(currency: "EUR") { deals { totalValue recent { title } } orders { recent(limit: 1) { number } } invoices { recent { number } } } }',
        ),
      ({ orderPage, dashboard }) => orderPage.total === 1 && dashboard.deals.totalValue === 6e9,
    );
    expect(counted).toEqual({
      orderPage: { total: 1 },
      dashboard: {
        deals: { totalValue: 6e9, recent: [{ title: 'Big' }] },
        orders: { recent: [{ number: 'ORD-000001' }] },
        invoices: { recent: [{ number: 'INV-000001' }] },
      },
    });
  });
});

describe('records over GraphQL', () => {
  test('have custom fields, by which pages filter', async () => {
    await api.put('/api/v1/custom-fields/deal/region', { type: 'text', label: 'Region' });
    const made = await create('Deal', { title: 'North', custom: '{"region":"north"}' }, 'custom');
    expect(JSON.parse(made.custom)).toEqual({ region: 'north' });
    const filter = { custom: JSON.stringify({ region: { in: ['north', 'east'] } }) };
    const page = 'query ($filter: DealFilter) { dealPage(filter: $filter) { items { title } } }';
    expect(await ask(page, { filter })).toEqual({ dealPage: { items: [{ title: 'North' }] } });
    const unknown = { custom: JSON.stringify({ regoin: { eq: 'north' } }) };
    expect(errorTypes(await graphql(page, { filter: unknown }))).toEqual(['unknown_parameter']);
    expect(errorTypes(await graphql(page, { filter: { custom: '["north"]' } }))).toEqual([
      'validation_failed',
    ]);
  });

  test('are merged, and their old ids lead to the one that is left', async () => {
    const [left, gone] = [
      await create('Contact', { name: 'Left' }),
      await create('Contact', { name: 'Gone' }),
    ];
    await create('Deal', { title: 'Moved', contactId: gone.id });
    const { mergeContacts } = await ask(
      `mutation { mergeContacts(input: { primaryId: "${left.id}", otherIds: ["${gone.id}"] }) { id mergedIds deals { items { title } } } }`,
    );
    expect(mergeContacts).toEqual({
      id: left.id,
      mergedIds: [gone.id],
      deals: { items: [{ title: 'Moved' }] },
    });
    expect(await ask(`{ contact(id: "${gone.id}") { name } }`)).toEqual({ contact: { name: 'Left' } });
  });

  test('of pipelines have their stages and what is done on a win', async () => {
    const stages =
      '[{ name: "In", kind: open, probability: 10, rotDays: 3 }, { name: "Yes", kind: won }, { name: "No", kind: lost }]';
    const { createPipeline } = await ask(
      `mutation { createPipeline(input: { name: "Short", stages: ${stages}, onWon: [{ type: "todo", title: "Go", input: "{\\"a\\":1}" }] }) { id stages { id probability rotDays } onWon { input } } }`,
    );
    expect(createPipeline.stages).toContainEqual({ id: 'in', probability: 10, rotDays: 3 });
    expect(createPipeline.onWon).toEqual([{ input: '{"a":1}' }]);
    const { id } = await create('Deal', { title: 'Short one', pipelineId: createPipeline.id });
    const won = await ask(
      `mutation { moveDeal(id: "${id}", input: { stageId: "yes" }) { tasks { items { title } } } }`,
    );
    expect(won.moveDeal.tasks.items).toEqual([{ title: 'Go' }]);
  });

  test('of another tenant are not there, whatever is asked of them', async () => {
    const stranger = await callerOf();
    const deal = await create('Deal', { title: 'Mine' });
    const order = await create('Order', {
      lines: [{ description: 'x', quantity: 1, unitPrice: 1 }],
      currency: 'EUR',
    });
    expect(await ask(`{ deal(id: "${deal.id}") { id } orders { id } }`, {}, stranger)).toEqual({
      deal: null,
      orders: [],
    });
    for (const act of [
      `moveDeal(id: "${deal.id}", input: { stageId: "won" })`,
      `confirmOrder(id: "${order.id}")`,
      `invoiceOrder(id: "${order.id}")`,
      `deleteOrder(id: "${order.id}")`,
    ]) {
      expect(errorTypes(await graphql(`mutation { ${act} { id } }`, {}, stranger))).toEqual(['not_found']);
    }
    const viewer = await api.as('viewer');
    expect(
      errorTypes(await graphql(`mutation { confirmOrder(id: "${order.id}") { id } }`, {}, viewer)),
    ).toEqual(['forbidden']);
  });

  test('are asked for eight levels deep and no deeper; the schema tells of itself', async () => {
    const deep = (inner: string) =>
      `{ contacts { company { contacts { items { company { contacts { ${inner} } } } } } } }`;
    await ask(deep('items { id }'));
    expect(errorTypes(await graphql(deep('items { company { id } }')))).toContain('QueryDepthLimitReached');
    expect(await ask('{ __schema { queryType { name } } }')).toEqual({
      __schema: { queryType: { name: 'Query' } },
    });
  });
});
