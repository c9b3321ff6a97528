import { readNorthwind } from './northwind-files.ts';
import { toCompany, toContact } from './northwind-records.ts';
import { toInvoice, toOrder, toProduct } from './northwind-sales.ts';

/** The ids of the records that each step has made, in the order of its rows. */
export type StepIds = Record<string, string[]>;

/** One kind of record; a step may refer to what the steps before it have made. */
export interface LoadStep {
  name: string;
  collection: string;
  /** How many records it makes. */
  size: number;
  /** @param row from 0 @returns the body that creates the record */
  body(row: number, ids: StepIds): object;
}

/** The steps that bring all of Northwind over, in an order in which references are there before they are needed. */
export function northwindSteps(): LoadStep[] {
  const customers = readNorthwind('customers');
  const suppliers = readNorthwind('suppliers');
  const products = readNorthwind('products');
  const orders = readNorthwind('orders');
  const shipped = orders.filter(({ shippedDate }) => shippedDate !== '');
  const lines = readNorthwind('order-details');
  const linesOf = Map.groupBy(lines, ({ orderID }) => orderID);
  const linesFor = Map.groupBy(lines, ({ productID }) => productID);
  const categories = new Map(
    readNorthwind('categories').map(({ categoryID, categoryName }) => [categoryID, categoryName]),
  );
  const supplierNames = new Map(suppliers.map(({ supplierID, companyName }) => [supplierID, companyName]));
  const rowOf = (ids: string[]) => new Map(ids.map((id, row) => [id, row]));
  const customerRow = rowOf(customers.map(({ customerID }) => customerID));
  const productRow = rowOf(products.map(({ productID }) => productID));
  const orderRow = rowOf(orders.map(({ orderID }) => orderID));

  return [
    step('customers', 'companies', customers, (row) => toCompany(row, 'customer')),
    step('suppliers', 'companies', suppliers, (row) => toCompany(row, 'supplier')),
    step('contacts', 'contacts', customers, (row, index, ids) => toContact(row, idAt(ids.customers, index))),
    step('products', 'products', products, (row) => {
      const ordered = linesFor.get(row.productID)?.reduce((sum, { quantity }) => sum + Number(quantity), 0);
      const category = categories.get(row.categoryID) ?? '';
      return toProduct(row, category, supplierNames.get(row.supplierID) ?? '', ordered ?? 0);
    }),
    step('orders', 'orders', orders, (row, _index, ids) => {
      const customer = customerRow.get(row.customerID);
      return toOrder(row, linesOf.get(row.orderID) ?? [], {
        companyId: idAt(ids.customers, customer),
        contactId: idAt(ids.contacts, customer),
        productId: (id) => idAt(ids.products, productRow.get(id)),
      });
    }),
    step('invoices', 'invoices', shipped, (row, _index, ids) =>
      toInvoice(row, idAt(ids.orders, orderRow.get(row.orderID))),
    ),
  ];
}

function step<Row>(
  name: string,
  collection: string,
  rows: Row[],
  toBody: (row: Row, index: number, ids: StepIds) => object,
): LoadStep {
  return {
    name,
    collection,
    size: rows.length,
    body: (index, ids) => {
      const row = rows[index];
      if (row === undefined) throw new Error(`${name} has no row ${index}`);
      return toBody(row, index, ids);
    },
  };
}

function idAt(ids: string[] | undefined, row: number | undefined): string {
  const id = row === undefined ? undefined : ids?.[row];
  if (id === undefined) throw new Error(`Northwind refers to a row that is not there: ${row}`);
  return id;
}
