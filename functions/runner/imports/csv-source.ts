import { readCell } from '../../shared/csv-cell.ts';
import { validationFailed } from '../../shared/problem.ts';
import { type ImportPlan, unknownField } from '../../tasks/imports/import-input.ts';
import {
  type CellKind,
  isReadOnly,
  type RecordColumn,
  writableColumn,
} from '../../tasks/imports/record-columns.ts';
import { TaskFailure } from '../builtin.ts';
import { csvErrors } from './csv-errors.ts';
import { readCsvRows } from './csv-rows.ts';
import type { CustomKinds } from './custom-kinds.ts';
import { fromCell } from './from-cell.ts';
import type { RowSource } from './row-source.ts';
import { setPath } from './set-path.ts';

/** What each column of the file fills; undefined for columns that are left out. */
export type Columns = (RecordColumn | undefined)[];

/** A CSV file with a header. @throws {TaskFailure} for a header that does not fit the import */
export async function openCsv(
  bytes: AsyncIterable<Uint8Array>,
  plan: ImportPlan,
  custom: CustomKinds = new Map(),
): Promise<RowSource> {
  const rows = readCsvRows(bytes);
  const first = await rows.next();
  if (first.done) throw refuse('empty_file', 'The file is empty');
  const header = first.value.cells.map((cell) => cell.trim());
  const columns = readHeader(header, plan, custom);
  return { rows, toFields: ({ cells }) => fieldsOf(cells, columns), errors: csvErrors(header, columns) };
}

/** @throws {TaskFailure} `missing_column`, `repeated_column`, `unknown_column`, `no_columns` */
function readHeader(names: string[], plan: ImportPlan, custom: CustomKinds): Columns {
  const { input, definition, matchBy } = plan;
  const missing = Object.keys(input.mapping ?? {}).find((column) => !names.includes(column));
  if (missing !== undefined) {
    throw refuse(
      'missing_column',
      `The file has no column ${JSON.stringify(missing)}; it has: ${names.join(', ')}`,
    );
  }
  const columns = names.map((name) => {
    const path = input.mapping ? input.mapping[name] : name;
    return path === undefined ? undefined : columnOf(path, plan, custom);
  });
  const used = columns.flatMap((column) => (column ? [column.path] : []));
  if (used.length === 0) throw refuse('no_columns', 'No column of the file fills a field; send a mapping');
  const repeated = used.find((path, at) => used.indexOf(path) !== at);
  if (repeated !== undefined) throw refuse('repeated_column', `Two columns of the file fill ${repeated}`);
  const needed = input.mode === 'create' ? requiredOf(plan) : [matchBy];
  const absent = needed.find((path) => !used.includes(path));
  if (absent !== undefined && !(input.mode === 'upsert' && absent === 'id')) {
    throw refuse(
      'missing_column',
      `No column fills ${absent}, which ${input.mode} of ${definition.collection} needs`,
    );
  }
  return columns;
}

/** Columns of an export that nobody sets are left alone; the id counts where it finds the record. */
function columnOf(
  path: string,
  { input, definition, matchBy }: ImportPlan,
  custom: CustomKinds,
): RecordColumn | undefined {
  if (path === 'id' && matchBy === 'id' && input.mode !== 'create') return { path, kind: 'text' };
  const column = writableColumn(definition, path);
  if (column?.kind === 'custom') return { path, kind: customKind(path, custom) };
  if (column || isReadOnly(definition, path)) return column;
  throw refuse('unknown_column', `The column ${unknownField(path, definition)}; rename it or send a mapping`);
}

function customKind(path: string, custom: CustomKinds): CellKind {
  const kind = custom.get(path.slice('custom.'.length));
  if (kind) return kind;
  const known = [...custom.keys()].join(', ') || 'none';
  throw refuse('unknown_column', `${JSON.stringify(path)} is no custom field; there are: ${known}`);
}

/** What every new record must have: known from what an empty one lacks. */
function requiredOf({ definition }: ImportPlan): string[] {
  const { error } = definition.input.safeParse({});
  return (error?.issues ?? []).flatMap(({ path }) => (path.length === 1 ? [String(path[0])] : []));
}

function fieldsOf(cells: string[], columns: Columns): Record<string, unknown> {
  if (cells.length > columns.length) {
    const message = `the row has ${cells.length} cells, the header ${columns.length}`;
    throw validationFailed([{ code: 'too_many_cells', message }]);
  }
  const fields: Record<string, unknown> = {};
  columns.forEach((column, at) => {
    const cell = readCell(cells[at]?.trim() ?? '');
    if (column && cell !== '') setPath(fields, column.path, fromCell(cell, column.kind));
  });
  return fields;
}

function refuse(code: string, message: string): TaskFailure {
  return new TaskFailure(code, message, { retryable: false });
}
