import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CallCounter, countCalls } from '../support/call-counter.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { newActor } from '../support/tasks.ts';

const { planPayment } = await import('../../functions/crm/invoices/plan-invoice-action.ts');
const { invoice } = await import('../../functions/crm/invoices/invoice.ts');
const { planStockChange } = await import('../../functions/crm/products/stock-change.ts');
const { product } = await import('../../functions/crm/products/product.ts');
const { carryOutPlanned } = await import('../../functions/crm/records/carry-out-planned.ts');
const { planCreate } = await import('../../functions/crm/records/create-record.ts');
const { listRecords } = await import('../../functions/crm/records/find-records.ts');
const { carryOut } = await import('../../functions/shared/write-plan.ts');

type Plan = Parameters<typeof carryOutPlanned<Awaited<ReturnType<typeof planCreate>>['result']>>[0];
const write = (plan: Plan) => carryOutPlanned(plan, ({ writes }) => carryOut(writes));

let dynamo: TestDynamo;
let calls: CallCounter;

beforeAll(async () => {
  dynamo = await startDynamo();
  calls = await countCalls(dynamo.endpoint);
});

afterAll(async () => {
  await calls?.stop();
  await dynamo?.stop();
});

describe('when the table has written and its answer is lost', () => {
  test('a record is there once', async () => {
    const actor = newActor();
    calls.loseAnswer('PutItem');
    const { id } = await write(() => planCreate(product, { name: 'Chai' }, actor));
    const { data } = await listRecords(product, {}, actor);
    expect(data.map((found) => found.id)).toEqual([id]);
  });

  test('a stock is changed once', async () => {
    const actor = newActor();
    const { id } = await write(() => planCreate(product, { name: 'Chai', stock: 10 }, actor));
    calls.loseAnswer('PutItem');
    expect(await write(() => planStockChange(id, { change: -3 }, actor))).toMatchObject({ stock: 7 });
  });

  test('a payment is recorded once', async () => {
    const actor = newActor();
    const lines = [{ description: 'Chai', quantity: 1, unitPrice: 100 }];
    const { id } = await write(() => planCreate(invoice, { lines, currency: 'EUR', status: 'open' }, actor));
    calls.loseAnswer('PutItem');
    expect(await write(() => planPayment(id, { amount: 40 }, actor))).toMatchObject({ amountPaid: 40 });
  });
});
