import { customEntities } from '../../crm/custom-fields/custom-field.ts';
import { knownFields } from '../../crm/custom-fields/find-custom-fields.ts';
import { csvLines } from '../../shared/csv-lines.ts';
import type { ExportPlan } from '../../tasks/exports/export-input.ts';
import { readableColumns } from '../../tasks/exports/readable-columns.ts';
import { setPath } from '../imports/set-path.ts';
import { memberAt, toCell } from './to-cell.ts';

type Rows = Record<string, unknown>[];

/** How records become the text of a file. */
export interface RecordLines {
  contentType: string;
  /** What the file begins with. */
  header: string;
  lines(records: Rows): string;
}

/** @param columns kept from an earlier run of the same export: custom fields may have been added since */
export function recordLines({ format, fields }: ExportPlan, columns: string[]): RecordLines {
  if (format === 'csv') {
    return {
      contentType: 'text/csv; charset=utf-8',
      header: csvLines([columns]),
      lines: (records) =>
        csvLines(records.map((record) => columns.map((path) => toCell(memberAt(record, path))))),
    };
  }
  return {
    contentType: 'application/x-ndjson',
    header: '',
    lines: (records) =>
      records.map((record) => `${JSON.stringify(fields ? pick(record, fields) : record)}\n`).join(''),
  };
}

/** The columns of an export as they are now. */
export async function columnsOf({ definition, fields }: ExportPlan, tenantId: string): Promise<string[]> {
  const entity = customEntities.find((candidate) => candidate === definition.entity);
  const custom = entity ? await knownFields(tenantId, entity) : [];
  return readableColumns(
    definition,
    custom.map(({ name }) => name),
    fields,
  );
}

function pick(record: Record<string, unknown>, fields: string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const path of fields) setPath(picked, path, memberAt(record, path) ?? null);
  return picked;
}
