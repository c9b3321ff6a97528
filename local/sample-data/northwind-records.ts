import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

/** The columns that customers.csv and suppliers.csv share. */
export interface NorthwindRow {
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

type Fields = Record<string, unknown>;

export function readNorthwind(file: 'customers' | 'suppliers'): NorthwindRow[] {
  const text = readFileSync(new URL(`northwind/${file}.csv`, import.meta.url));
  return parse(text, { columns: true, skip_empty_lines: true }) as NorthwindRow[];
}

/** A row as the body of `POST /api/v1/companies`. */
export function toCompany(row: NorthwindRow, tag: 'customer' | 'supplier'): Fields {
  // A supplier's contact person and every fax number have no field of their own.
  const notes = [
    tag === 'supplier' ? `Contact: ${row.contactName}, ${row.contactTitle}` : '',
    row.fax ? `Fax: ${row.fax}` : '',
  ].filter(Boolean);
  return withoutEmpty({
    name: row.companyName,
    phone: row.phone,
    address: toAddress(row),
    tags: [tag],
    notes: notes.join('\n'),
  });
}

/** A customer's contact person as the body of `POST /api/v1/contacts`. */
export function toContact(row: NorthwindRow, companyId: string): Fields {
  return withoutEmpty({
    name: row.contactName,
    title: row.contactTitle,
    phone: row.phone,
    companyId,
    stage: 'customer',
    source: 'northwind',
    address: toAddress(row),
  });
}

function toAddress(row: NorthwindRow): Fields {
  return withoutEmpty({
    line1: row.address,
    city: row.city,
    region: row.region,
    postalCode: row.postalCode,
    country: row.country,
  });
}

function withoutEmpty(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}
