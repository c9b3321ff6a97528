import type { PartnerRow } from './northwind-files.ts';

type Fields = Record<string, unknown>;

/** A row as the body of `POST /api/v1/companies`. */
export function toCompany(row: PartnerRow, tag: 'customer' | 'supplier'): Fields {
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
export function toContact(row: PartnerRow, companyId: string): Fields {
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

function toAddress(row: PartnerRow): Fields {
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
