import {
  AmountTooLarge,
  type DocumentTotals,
  documentTotals,
  lineAmounts,
} from '../../shared/money/line-amounts.ts';
import { largestAmount } from '../../shared/money/money-fields.ts';
import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import type { DocumentLine, LineInput } from './document-lines.ts';

/** A product, of which a line takes name, unitPrice with its currency, and taxRateBps. */
type ProductFacts = Readonly<Record<string, unknown>>;

/** The ids of the products of the lines, each once. */
export function productIdsOf(lines: readonly { productId?: string | null | undefined }[]): string[] {
  return [...new Set(lines.flatMap(({ productId }) => productId ?? []))];
}

/** The currency of the first product that a line takes its price from; undefined when none does. */
export function currencyOfLines(
  lines: readonly LineInput[],
  products: ReadonlyMap<string, ProductFacts>,
): string | undefined {
  const currencies = lines.map(({ productId }) => products.get(productId ?? '')?.currency);
  return currencies.find((currency) => typeof currency === 'string');
}

/**
 * Lines as they are kept: what is left out comes from the product, and the amounts follow.
 * @throws {Problem} `validation_failed` naming each line: an unknown product, no price or description, a price in
 *   another currency, amounts beyond `largestAmount`
 */
export function priceLines(
  lines: readonly LineInput[],
  products: ReadonlyMap<string, ProductFacts>,
  currency: string,
): DocumentLine[] {
  const errors: ProblemDetail[] = [];
  const priced = lines.map((line, at) => {
    const findings = new LineFindings(`/lines/${at}`, errors);
    return priceLine(line, products, currency, findings);
  });
  if (errors.length > 0) throw validationFailed(errors);
  return priced;
}

class LineFindings {
  private readonly at: string;
  private readonly errors: ProblemDetail[];

  constructor(at: string, errors: ProblemDetail[]) {
    this.at = at;
    this.errors = errors;
  }

  add(member: string, code: string, message: string): void {
    this.errors.push({ pointer: `${this.at}${member}`, code, message });
  }
}

function priceLine(
  line: LineInput,
  products: ReadonlyMap<string, ProductFacts>,
  currency: string,
  findings: LineFindings,
): DocumentLine {
  const { productId = null, quantity } = line;
  const product = productId === null ? undefined : products.get(productId);
  if (productId !== null && !product) {
    findings.add('/productId', 'unknown_reference', `no product has the id ${productId}`);
  }
  const description = line.description ?? product?.name;
  if (typeof description !== 'string' && productId === null) {
    findings.add('/description', 'required', 'is required without a product');
  }
  const unitPrice = line.unitPrice ?? priceOf(product, currency, productId, findings);
  const rates = {
    discountBps: line.discountBps ?? 0,
    taxRateBps: line.taxRateBps ?? Number(product?.taxRateBps ?? 0),
  };
  const facts = { productId, description: String(description ?? ''), quantity, unitPrice, ...rates };
  try {
    return { ...facts, ...lineAmounts(facts) };
  } catch (error) {
    if (!(error instanceof AmountTooLarge)) throw error;
    findings.add('', 'too_large', `comes to more than ${largestAmount} minor units`);
    return { ...facts, subtotal: 0, discount: 0, tax: 0, total: 0 };
  }
}

function priceOf(
  product: ProductFacts | undefined,
  currency: string,
  productId: string | null,
  findings: LineFindings,
): number {
  if (typeof product?.unitPrice !== 'number') {
    const why = productId === null ? 'without a product' : 'where the product has no price';
    if (productId === null || product) findings.add('/unitPrice', 'required', `is required ${why}`);
    return 0;
  }
  if (product.currency !== currency) {
    findings.add(
      '/productId',
      'currency_mismatch',
      `has its price in ${product.currency} and the document is in ${currency}; give a unitPrice in ${currency}`,
    );
  }
  return product.unitPrice;
}

/** The totals of a document. @throws {Problem} `validation_failed` when one passes `largestAmount` */
export function totalsOf(lines: readonly DocumentLine[], shipping: number): DocumentTotals {
  try {
    return documentTotals(lines, shipping);
  } catch (error) {
    if (!(error instanceof AmountTooLarge)) throw error;
    throw validationFailed([
      { pointer: '/lines', code: 'too_large', message: `come to more than ${largestAmount} minor units` },
    ]);
  }
}
