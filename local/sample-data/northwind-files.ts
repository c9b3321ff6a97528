import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

/** The columns that customers.csv and suppliers.csv share. */
export interface PartnerRow {
  companyName: string;
  contactName: string;
  contactTitle: string;
  address: string;
  city: string;
  region: string;
  postalCode: string;
  country: string;
  phone: string;
  fax: string;
}

export interface NorthwindRows {
  customers: PartnerRow & { customerID: string };
  suppliers: PartnerRow & { supplierID: string };
  categories: { categoryID: string; categoryName: string };
  products: {
    productID: string;
    productName: string;
    supplierID: string;
    categoryID: string;
    quantityPerUnit: string;
    unitPrice: string;
    unitsInStock: string;
    discontinued: string;
  };
  /** Dates are `1996-07-04`; an empty `shippedDate` is an order that has not been shipped. */
  orders: {
    orderID: string;
    customerID: string;
    orderDate: string;
    shippedDate: string;
    freight: string;
  };
  /** `discount` is a share such as `0.15`. */
  'order-details': {
    orderID: string;
    productID: string;
    unitPrice: string;
    quantity: string;
    discount: string;
  };
}

/** The rows of one file; columns that become nothing are there but not typed. */
export function readNorthwind<File extends keyof NorthwindRows>(file: File): NorthwindRows[File][] {
  const text = readFileSync(new URL(`northwind/${file}.csv`, import.meta.url));
  return parse(text, { columns: true, skip_empty_lines: true }) as NorthwindRows[File][];
}
