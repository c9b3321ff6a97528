import { largestAmount } from './money-fields.ts';

/** A line of an order or invoice: whole pieces at a price in minor units, rates in basis points. */
export interface PricedLine {
  quantity: number;
  unitPrice: number;
  discountBps: number;
  taxRateBps: number;
}

/** What follows from a line, in minor units: `total = subtotal − discount + tax`. */
export interface LineAmounts {
  subtotal: number;
  discount: number;
  tax: number;
  total: number;
}

/** What follows from all lines and the shipping, which carries no discount or tax. */
export interface DocumentTotals extends LineAmounts {
  /** One entry for each rate, lowest first; `taxable` is what the lines cost after their discounts. */
  taxSummary: { taxRateBps: number; taxable: number; tax: number }[];
}

/** An amount passes `largestAmount`. */
export class AmountTooLarge extends Error {
  override readonly name = 'AmountTooLarge';
}

const whole = 10_000n;

/**
 * The amounts of a line, each rounded half up once: first what is left after the discount, then the tax on it.
 * @throws {AmountTooLarge}
 */
export function lineAmounts({ quantity, unitPrice, discountBps, taxRateBps }: PricedLine): LineAmounts {
  const subtotal = BigInt(quantity) * BigInt(unitPrice);
  const net = share(subtotal, whole - BigInt(discountBps));
  const tax = share(net, BigInt(taxRateBps));
  return {
    subtotal: toAmount(subtotal),
    discount: toAmount(subtotal - net),
    tax: toAmount(tax),
    total: toAmount(net + tax),
  };
}

/**
 * The sums of a document.
 * @throws {AmountTooLarge}
 */
export function documentTotals(
  lines: readonly (LineAmounts & Pick<PricedLine, 'taxRateBps'>)[],
  shipping: number,
): DocumentTotals {
  const sum = (of: (line: LineAmounts) => number) => lines.reduce((all, line) => all + BigInt(of(line)), 0n);
  const rates = [...new Set(lines.map(({ taxRateBps }) => taxRateBps))].sort((a, b) => a - b);
  return {
    subtotal: toAmount(sum(({ subtotal }) => subtotal)),
    discount: toAmount(sum(({ discount }) => discount)),
    tax: toAmount(sum(({ tax }) => tax)),
    total: toAmount(sum(({ total }) => total) + BigInt(shipping)),
    taxSummary: rates.map((taxRateBps) => {
      const taxed = lines.filter((line) => line.taxRateBps === taxRateBps);
      const total = taxed.reduce((all, line) => all + BigInt(line.total), 0n);
      const tax = taxed.reduce((all, line) => all + BigInt(line.tax), 0n);
      return { taxRateBps, taxable: toAmount(total - tax), tax: toAmount(tax) };
    }),
  };
}

/** So many ten-thousandths of an amount from 0, rounded half up. */
function share(amount: bigint, tenThousandths: bigint): bigint {
  return (amount * tenThousandths + whole / 2n) / whole;
}

function toAmount(value: bigint): number {
  if (value > BigInt(largestAmount)) throw new AmountTooLarge(`${value} passes ${largestAmount}`);
  return Number(value);
}
