import { stringify } from 'csv-stringify/sync';

/** Rows of cells as CSV (RFC 4180): CRLF, quotes where a cell needs them. Cells are as they are; see csv-cell.ts. */
export function csvLines(rows: string[][]): string {
  // By itself the library does not quote a lone line break where records end in CRLF.
  return stringify(rows, { record_delimiter: '\r\n', quoted_match: /[\r\n]|^'/ });
}
