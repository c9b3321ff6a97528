import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import published from 'currency-codes';
import { currencyCodes, currencyExponent } from '../../functions/shared/money/currencies.ts';
import {
  AmountTooLarge,
  documentTotals,
  lineAmounts,
  type PricedLine,
} from '../../functions/shared/money/line-amounts.ts';
import { formatMajorUnits, parseMajorUnits } from '../../functions/shared/money/major-units.ts';
import { largestAmount } from '../../functions/shared/money/money-fields.ts';
import { fc } from '../support/property.ts';

const rate = fc.integer({ min: 0, max: 10_000 });
const anyLine = fc.record({
  quantity: fc.integer({ min: 1, max: 1_000_000 }),
  unitPrice: fc.integer({ min: 0, max: 4_000_000 }),
  discountBps: rate,
  taxRateBps: rate,
});
const withAmounts = (line: PricedLine) => ({ ...line, ...lineAmounts(line) });
const runs = { numRuns: 50 };

/** `exact` in ten-thousandths: half up is the nearest whole, upwards from the middle. */
const isHalfUp = (rounded: number, exact: bigint) => {
  const distance = BigInt(rounded) * 10_000n - exact;
  return distance > -5_000n && distance <= 5_000n;
};

describe('a line', () => {
  test.each([
    // quantity, unit price, discount, tax → subtotal, discount, tax, total
    [3, 999, 0, 0, 2997, 0, 0, 2997],
    [1, 5, 1_000, 0, 5, 0, 0, 5], // 4.5 left: half up to 5
    [1, 15, 5_000, 0, 15, 7, 0, 8], // 7.5 left: half up to 8, so the discount is 7
    [1, 50, 0, 100, 50, 0, 1, 51], // 0.5 of tax
    [1, 49, 0, 100, 49, 0, 0, 49],
    [12, 1_400, 1_500, 1_900, 16_800, 2_520, 2_713, 16_993],
    [7, 100, 10_000, 1_900, 700, 700, 0, 0],
  ])('of %i at %i, %i off, %i tax', (quantity, unitPrice, discountBps, taxRateBps, ...amounts) => {
    const { subtotal, discount, tax, total } = lineAmounts({ quantity, unitPrice, discountBps, taxRateBps });
    expect([subtotal, discount, tax, total]).toEqual(amounts);
  });

  test('is rounded half up, twice and no more, and adds up', () => {
    fc.assert(
      fc.property(anyLine, (line) => {
        const { subtotal, discount, tax, total } = lineAmounts(line);
        const net = subtotal - discount;
        expect(subtotal).toBe(line.quantity * line.unitPrice);
        expect(isHalfUp(net, BigInt(subtotal) * BigInt(10_000 - line.discountBps))).toBe(true);
        expect(isHalfUp(tax, BigInt(net) * BigInt(line.taxRateBps))).toBe(true);
        expect(total).toBe(net + tax);
        expect(discount).toBeGreaterThanOrEqual(0);
      }),
      runs,
    );
  });

  test('beyond the largest amount is refused, and up to it exact', () => {
    const line = { quantity: 1, unitPrice: largestAmount, discountBps: 0, taxRateBps: 0 };
    expect(lineAmounts(line).total).toBe(largestAmount);
    expect(Number.isSafeInteger(900 * largestAmount)).toBe(true);
    expect(() => lineAmounts({ ...line, quantity: 2 })).toThrow(AmountTooLarge);
    expect(() => lineAmounts({ ...line, taxRateBps: 1 })).toThrow(AmountTooLarge);
    expect(() => documentTotals([withAmounts(line)], 1)).toThrow(AmountTooLarge);
  });
});

describe('a document', () => {
  test('is the sum of its lines and its shipping, in any order', () => {
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 20 }), fc.nat(100_000), (lines, shipping) => {
        const priced = lines.map((line) => withAmounts({ ...line, quantity: (line.quantity % 1_000) + 1 }));
        const totals = documentTotals(priced, shipping);
        expect(totals.total).toBe(totals.subtotal - totals.discount + totals.tax + shipping);
        const taxable = totals.taxSummary.reduce((sum, entry) => sum + entry.taxable, 0);
        const tax = totals.taxSummary.reduce((sum, entry) => sum + entry.tax, 0);
        expect([taxable, tax]).toEqual([totals.subtotal - totals.discount, totals.tax]);
        expect(documentTotals(priced.toReversed(), shipping)).toEqual(totals);
      }),
      runs,
    );
  });

  test('sums its tax by rate', () => {
    const line = (unitPrice: number, taxRateBps: number) =>
      withAmounts({ quantity: 1, unitPrice, discountBps: 0, taxRateBps });
    expect(documentTotals([line(100, 1_900), line(200, 700), line(300, 1_900)], 50)).toEqual({
      subtotal: 600,
      discount: 0,
      tax: 90,
      total: 740,
      taxSummary: [
        { taxRateBps: 700, taxable: 200, tax: 14 },
        { taxRateBps: 1_900, taxable: 400, tax: 76 },
      ],
    });
  });
});

test('the lines of Northwind come to what is known of it', () => {
  const rows = (file: string) =>
    readFileSync(join(import.meta.dirname, `../../local/sample-data/northwind/${file}`), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(','));
  const minor = (text = '') => parseMajorUnits(text, 'USD') ?? Number.NaN;
  const lines = rows('order-details.csv').map(([, , unitPrice, quantity, discount]) => {
    const discountBps = (parseMajorUnits(discount ?? '', 'USD') ?? Number.NaN) * 100;
    return withAmounts({
      quantity: Number(quantity),
      unitPrice: minor(unitPrice),
      discountBps,
      taxRateBps: 0,
    });
  });
  expect(lines).toHaveLength(2_155);
  expect(documentTotals(lines, 0).total).toBe(126_579_329);
});

describe('currencies', () => {
  /** Metals, units of account, tests: ISO gives them a code and no minor unit. */
  const noMoney = 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' ');

  test('have the exponents of ISO 4217', () => {
    const expected = published.data.filter(({ code }) => !noMoney.includes(code));
    expect(expected.length).toBeGreaterThan(150);
    for (const { code, digits } of expected) expect([code, currencyExponent(code)]).toEqual([code, digits]);
    // The Caribbean guilder, since 2025, is newer than the list.
    const known = [...expected.map(({ code }) => code), 'XCG'];
    expect([...currencyCodes].sort()).toEqual(known.sort());
  });

  test.each(noMoney)('%s is none', (code) => expect(currencyExponent(code)).toBeUndefined());

  test.each([
    ['12.34', 'USD', 1_234],
    ['12.3', 'USD', 1_230],
    ['12', 'USD', 1_200],
    ['1200', 'JPY', 1_200],
    ['1.234', 'KWD', 1_234],
    ['90071992547409.91', 'EUR', Number.MAX_SAFE_INTEGER],
    ['90071992547409.92', 'EUR', undefined],
    ['12.345', 'USD', undefined],
    ['12.3', 'JPY', undefined],
    ['-1', 'USD', undefined],
    ['1,000', 'USD', undefined],
    ['1e3', 'USD', undefined],
    ['', 'USD', undefined],
    ['1', 'XXX', undefined],
  ])('%s %s is %p', (text, currency, minor) => expect(parseMajorUnits(text, currency)).toBe(minor));

  test('an amount that is written and read is the same', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom('JPY', 'EUR', 'KWD', 'CLF'), (minor, currency) => {
        expect(parseMajorUnits(formatMajorUnits(minor, currency), currency)).toBe(minor);
      }),
      runs,
    );
    expect(formatMajorUnits(-5, 'EUR')).toBe('-0.05');
  });
});
