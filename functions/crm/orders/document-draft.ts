import type { Actor } from '../../shared/actor.ts';
import type { DocumentTotals } from '../../shared/money/line-amounts.ts';
import type { CrmRecord } from '../records/entity.ts';
import { tenantSettings } from '../settings/find-settings.ts';
import type { DocumentLine, LineInput } from './document-lines.ts';
import { currencyOfLines, priceLines, productIdsOf, totalsOf } from './price-lines.ts';
import { readProducts } from './read-products.ts';

/** An order's or invoice's lines with everything that follows from them. */
export interface PricedDocument extends DocumentTotals {
  currency: string;
  lines: DocumentLine[];
}

/**
 * Prices lines as they were sent.
 * @param currency that of the first product with a price when absent, else the tenant's
 * @returns the document's members, and the products as they stand
 * @throws {Problem} `validation_failed`
 */
export async function priceDocument(
  lines: readonly LineInput[],
  currency: string | null,
  shipping: number,
  actor: Actor,
): Promise<{ document: PricedDocument; products: Map<string, CrmRecord> }> {
  const products = await readProducts(productIdsOf(lines), actor);
  const usual = async () => (await tenantSettings(actor.caller.tenantId)).currency;
  const used = currency ?? currencyOfLines(lines, products) ?? (await usual());
  const priced = priceLines(lines, products, used);
  return { document: { currency: used, lines: priced, ...totalsOf(priced, shipping) }, products };
}
