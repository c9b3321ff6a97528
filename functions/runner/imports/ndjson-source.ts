import { isPlainObject } from '../../shared/merge-patch.ts';
import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { parseStrictly } from '../../shared/strict-json.ts';
import type { ImportPlan } from '../../tasks/imports/import-input.ts';
import { isReadOnly } from '../../tasks/imports/record-columns.ts';
import { TaskFailure } from '../builtin.ts';
import { decodeUtf8 } from './decode-utf8.ts';
import {
  type ErrorFormat,
  findingsOf,
  maxRowBytes,
  type RowSource,
  rowTooLong,
  type SourceRow,
} from './row-source.ts';
import { define, setPath } from './set-path.ts';

/** A file with one JSON object in each line; `null` clears a member. @throws {TaskFailure} `malformed_ndjson` */
export async function openNdjson(bytes: AsyncIterable<Uint8Array>, plan: ImportPlan): Promise<RowSource> {
  const rows = readLines(bytes);
  const first = await rows.next();
  if (first.done) throw new TaskFailure('empty_file', 'The file is empty', { retryable: false });
  requireObject(first.value);
  return {
    rows: withFirst(first.value, rows),
    toFields: (row) => fieldsOf(objectOf(row), plan),
    errors: errorFormat,
  };
}

/** A file whose first line is no object is no NDJSON: that is said at once and not for each line. */
function requireObject(row: SourceRow): void {
  try {
    objectOf(row);
  } catch {
    const message = `Line ${row.line} is no JSON object, so the file is no NDJSON; say format: csv if it is CSV`;
    throw new TaskFailure('malformed_ndjson', message, { retryable: false, details: { line: row.line } });
  }
}

async function* withFirst(first: SourceRow, rest: AsyncGenerator<SourceRow>): AsyncGenerator<SourceRow> {
  yield first;
  yield* rest;
}

async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<SourceRow> {
  let line = 0;
  let rest = '';
  for await (const text of decodeUtf8(bytes)) {
    const lines = (line === 0 && rest === '' ? text.replace(/^\uFEFF/, '') : rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const content of lines) {
      line += 1;
      if (content.length > maxRowBytes) throw rowTooLong(line);
      if (content.trim() !== '') yield { line, cells: [content.trimEnd()] };
    }
    if (rest.length > maxRowBytes) throw rowTooLong(line + 1);
  }
  if (rest.trim() !== '') yield { line: line + 1, cells: [rest] };
}

function objectOf({ cells }: SourceRow): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseStrictly(cells[0] ?? '');
  } catch (error) {
    throw validationFailed([{ code: 'malformed_json', message: (error as Error).message }]);
  }
  if (isPlainObject(value)) return value;
  throw validationFailed([{ code: 'invalid_type', message: 'the line must be a JSON object' }]);
}

/** Without a mapping, members that nobody sets are left alone; all others are the record's own to judge. */
function fieldsOf(object: Record<string, unknown>, { input, definition, matchBy }: ImportPlan) {
  const fields: Record<string, unknown> = {};
  if (input.mapping) {
    for (const [source, path] of Object.entries(input.mapping)) {
      const value = Object.hasOwn(object, source) ? object[source] : undefined;
      if (value !== undefined) setPath(fields, path, value);
    }
    return fields;
  }
  for (const [name, value] of Object.entries(object)) {
    const finds = name === 'id' && matchBy === 'id' && input.mode !== 'create';
    if (finds || !isReadOnly(definition, name)) define(fields, name, value);
  }
  return fields;
}

const errorFormat: ErrorFormat = {
  extension: 'ndjson',
  contentType: 'application/x-ndjson',
  header: '',
  lines: ({ row, problem }) =>
    findingsOf(problem)
      .map(
        (finding: ProblemDetail) => `${JSON.stringify({ line: row.line, ...finding, row: row.cells[0] })}\n`,
      )
      .join(''),
  breakLine: (line, code, message) =>
    `${JSON.stringify({ line, code, message: `${message}; nothing after this line was read` })}\n`,
};
