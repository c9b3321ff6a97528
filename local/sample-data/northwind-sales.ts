import type { NorthwindRows } from './northwind-files.ts';

type Row<File extends keyof NorthwindRows> = NorthwindRows[File];
type Fields = Record<string, unknown>;

/** Everything was sold in US dollars. */
const currency = 'USD';
const cents = (amount: string) => Math.round(Number(amount) * 100);
/** Northwind knows days only. */
const noon = (date: string) => `${date}T12:00:00.000Z`;

/**
 * A row as the body of `POST /api/v1/products`.
 * @param ordered units in all orders, which will be taken from the stock again when the orders are made
 */
export function toProduct(row: Row<'products'>, category: string, supplier: string, ordered: number): Fields {
  return {
    name: row.productName,
    sku: `NW-${row.productID.padStart(3, '0')}`,
    description: `${category}, ${row.quantityPerUnit}, by ${supplier}`,
    unitPrice: cents(row.unitPrice),
    currency,
    stock: Number(row.unitsInStock) + ordered,
    active: row.discontinued === '0',
  };
}

/** A row with its lines as the body of `POST /api/v1/orders`; freight is its shipping. */
export function toOrder(
  row: Row<'orders'>,
  lines: Row<'order-details'>[],
  {
    companyId,
    contactId,
    productId,
  }: { companyId: string; contactId: string; productId(id: string): string },
): Fields {
  return {
    companyId,
    contactId,
    currency,
    placedAt: noon(row.orderDate),
    ...(row.shippedDate === ''
      ? { status: 'confirmed' }
      : { status: 'shipped', shippedAt: noon(row.shippedDate) }),
    shipping: cents(row.freight),
    lines: lines.map((line) => ({
      productId: productId(line.productID),
      quantity: Number(line.quantity),
      unitPrice: cents(line.unitPrice),
      discountBps: Math.round(Number(line.discount) * 10_000),
    })),
    notes: `Northwind order ${row.orderID}`,
  };
}

const daysToPay = 30;
/** The last day of which the data know; what was due later has not been paid. */
const lastDay = '1998-05-06';

/** The invoice of a shipped order as the body of `POST /api/v1/invoices`: lines and customer are the order's. */
export function toInvoice(row: Row<'orders'>, orderId: string): Fields {
  const issuedAt = noon(row.shippedDate);
  const due = new Date(Date.parse(issuedAt) + daysToPay * 86_400_000).toISOString();
  const dueOn = due.slice(0, 10);
  return {
    orderId,
    issuedAt,
    dueOn,
    ...(dueOn > lastDay ? { status: 'open' } : { status: 'paid', paidAt: due }),
  };
}
