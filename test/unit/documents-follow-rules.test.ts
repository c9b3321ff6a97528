import { describe, expect, test } from '@jest/globals';
import { settled } from '../../functions/crm/invoices/invoice-money.ts';
import { isOverdue } from '../../functions/crm/invoices/overdue.ts';
import type { Payment } from '../../functions/crm/invoices/payment.ts';
import { addPayment } from '../../functions/crm/invoices/payments.ts';
import {
  invoiceTransitions,
  orderTransitions,
  requireTransition,
} from '../../functions/crm/orders/document-states.ts';
import { orderStatuses } from '../../functions/crm/orders/order-statuses.ts';
import { currencyOfLines, priceLines, totalsOf } from '../../functions/crm/orders/price-lines.ts';
import { stockNeeds, takeStock } from '../../functions/crm/products/move-stock.ts';
import type { CrmRecord } from '../../functions/crm/records/entity.ts';
import { Problem } from '../../functions/shared/problem.ts';
import { fc } from '../support/property.ts';

const problemOf = (run: () => unknown): Problem => {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};
const productId = (letter: string) => `prd_${letter.repeat(26)}`;
const products = (...facts: (Partial<CrmRecord> & { id: string })[]) =>
  new Map(facts.map((fact) => [fact.id, { version: 1, ...fact } as CrmRecord]));
const actor = { caller: { tenantId: 't', subject: 'u', role: 'member' as const }, requestId: 'r' };

describe('the states of an order', () => {
  test('lead along these ways and no others', () => {
    const ways = orderStatuses.map((status) => [
      status,
      ...Object.entries(orderTransitions)
        .filter(([, { from }]) => (from as readonly string[]).includes(status))
        .map(([action, { to }]) => `${action} → ${to}`),
    ]);
    expect(ways).toEqual([
      ['draft', 'confirm → confirmed', 'cancel → cancelled'],
      ['confirmed', 'ship → shipped', 'cancel → cancelled'],
      ['shipped', 'deliver → delivered', 'refund → refunded'],
      ['delivered', 'refund → refunded'],
      ['cancelled'],
      ['refunded'],
    ]);
  });

  test('are named where a step is refused', () => {
    const problem = problemOf(() =>
      requireTransition('invoice', invoiceTransitions, 'mark-uncollectible', 'draft'),
    );
    expect(problem).toMatchObject({
      code: 'invalid_transition',
      detail: 'A draft invoice does not allow mark-uncollectible; possible now: finalize, void',
    });
  });
});

describe('lines', () => {
  const known = products(
    { id: productId('A'), name: 'Tea', unitPrice: 100, currency: 'EUR', taxRateBps: 700 },
    { id: productId('B'), name: 'No price' },
    { id: productId('C'), name: 'Far', unitPrice: 100, currency: 'JPY' },
  );

  test('take what they do not say from their product', () => {
    const [line] = priceLines([{ productId: productId('A'), quantity: 2 }], known, 'EUR');
    expect(line).toMatchObject({
      description: 'Tea',
      unitPrice: 100,
      taxRateBps: 700,
      discountBps: 0,
      total: 214,
    });
    const own = { productId: productId('C'), quantity: 1, unitPrice: 7, description: 'x', taxRateBps: 0 };
    expect(priceLines([own], known, 'EUR')).toMatchObject([{ ...own, total: 7 }]);
    expect(currencyOfLines([{ quantity: 1 }, { productId: productId('C'), quantity: 1 }], known)).toBe('JPY');
  });

  test('are refused together, each with what is wrong', () => {
    const lines = [
      { productId: productId('B'), quantity: 1 },
      { productId: productId('C'), quantity: 1 },
      { productId: productId('D'), quantity: 1 },
      { quantity: 1 },
    ];
    const { options } = problemOf(() => priceLines(lines, known, 'EUR'));
    expect(options.errors?.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/lines/0/unitPrice required',
      '/lines/1/productId currency_mismatch',
      '/lines/2/productId unknown_reference',
      '/lines/3/description required',
      '/lines/3/unitPrice required',
    ]);
  });

  test('that are too much in all are refused', () => {
    const line = { description: 'x', quantity: 1, unitPrice: 10 ** 13 };
    const lines = priceLines([line, line], new Map(), 'EUR');
    expect(problemOf(() => totalsOf(lines, 0))).toMatchObject({ code: 'validation_failed' });
  });
});

describe('stock', () => {
  const lines = (...of: [string, number][]) =>
    of.map(([letter, quantity]) => ({ productId: productId(letter), quantity }));

  test('is taken once for each product that is tracked', () => {
    const known = products({ id: productId('A'), stock: 5 }, { id: productId('B'), stock: null });
    const asked = lines(['A', 2], ['B', 9], ['A', 3]);
    const needs = stockNeeds(asked, known);
    expect(needs).toEqual([{ productId: productId('A'), quantity: 5 }]);
    const [planned, ...more] = takeStock(needs, asked, known, actor);
    expect(more).toEqual([]);
    expect(planned?.write).toMatchObject({ kind: 'put', item: { stock: 0, version: 2 } });
  });

  test('that does not suffice is told for every line of the product', () => {
    const known = products({ id: productId('A'), stock: 4 });
    const asked = lines(['A', 2], ['A', 3]);
    const { code, options } = problemOf(() => takeStock(stockNeeds(asked, known), asked, known, actor));
    expect([code, options.errors?.map(({ pointer }) => pointer)]).toEqual([
      'conflict',
      ['/lines/0/quantity', '/lines/1/quantity'],
    ]);
  });

  test('of more products than a transaction takes is refused', () => {
    const ids = Array.from({ length: 91 }, (_, at) => `prd_${String(at).padStart(26, '0')}`);
    const known = products(...ids.map((id) => ({ id, stock: 1 })));
    const asked = ids.map((id) => ({ productId: id, quantity: 1 }));
    expect(problemOf(() => stockNeeds(asked, known))).toMatchObject({ code: 'validation_failed' });
    expect(stockNeeds(asked.slice(1), known)).toHaveLength(90);
  });
});

describe('payments', () => {
  test('never pass what is due, and pay an invoice exactly when nothing is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(fc.integer({ min: 1, max: 400 })),
        (total, amounts) => {
          let state = settled({ status: 'open', total, paidAt: null }, []);
          for (const amount of amounts) {
            const invoice = { ...state, currency: 'EUR' };
            const due = state.amountDue;
            if (amount > due) {
              expect(problemOf(() => addPayment(invoice, { amount }, 'u')).code).toBe('conflict');
              continue;
            }
            state = settled(
              { status: state.status, total, paidAt: null },
              addPayment(invoice, { amount }, 'u'),
            );
            expect(state.amountDue).toBe(due - amount);
          }
          expect(state.amountPaid + state.amountDue).toBe(total);
          expect(state.status).toBe(state.amountDue === 0 ? 'paid' : 'open');
        },
      ),
      { numRuns: 50 },
    );
  });

  test('end at a hundred', () => {
    const payments = Array.from({ length: 100 }, () => ({ amount: 1 }) as Payment);
    const invoice = { payments, amountDue: 5, currency: 'EUR' };
    expect(problemOf(() => addPayment(invoice, { amount: 1 }, 'u'))).toMatchObject({ code: 'conflict' });
  });
});

test('an invoice is overdue from the day after it is due, while it is open', () => {
  const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
  expect(isOverdue({ status: 'open', dueOn: day(-1) })).toBe(true);
  expect(isOverdue({ status: 'open', dueOn: day(1) })).toBe(false);
  expect(isOverdue({ status: 'paid', dueOn: day(-1) })).toBe(false);
  expect(isOverdue({ status: 'open', dueOn: null })).toBe(false);
});
