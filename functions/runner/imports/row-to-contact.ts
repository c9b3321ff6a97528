import { contact } from '../../crm/contacts/contact.ts';
import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { validate } from '../../shared/validation.ts';
import { type ImportInput, importFields, matchField } from '../../tasks/imports/import-input.ts';
import { TaskFailure } from '../builtin.ts';

/** Which field each column of the file fills; undefined for columns that are left out. */
export type Columns = (string | undefined)[];

/**
 * Reads the header row.
 * @throws {TaskFailure} `missing_column`, `repeated_column`, `no_columns`
 */
export function readHeader(
  cells: string[],
  { mapping, mode }: Pick<ImportInput, 'mapping' | 'mode'>,
): Columns {
  const names = cells.map((cell) => cell.trim());
  const refuse = (code: string, message: string) => new TaskFailure(code, message, { retryable: false });
  const missing = Object.keys(mapping ?? {}).find((column) => !names.includes(column));
  if (missing !== undefined) {
    throw refuse(
      'missing_column',
      `The file has no column ${JSON.stringify(missing)}; it has: ${names.join(', ')}`,
    );
  }
  const columns = names.map((name) =>
    mapping ? mapping[name] : importFields.find((field) => field === name),
  );
  const used = columns.filter((field) => field !== undefined);
  if (used.length === 0) {
    throw refuse(
      'no_columns',
      `No column is named like a field (${importFields.join(', ')}); send a mapping`,
    );
  }
  const repeated = used.find((field, at) => used.indexOf(field) !== at);
  if (repeated !== undefined) throw refuse('repeated_column', `Two columns of the file fill ${repeated}`);
  const needed = mode === 'create' ? 'name' : matchField;
  if (!used.includes(needed))
    throw refuse('missing_column', `No column fills ${needed}, which ${mode} needs`);
  return columns;
}

/**
 * A row as the fields of a contact; empty cells are left out, so they neither set nor clear anything.
 * @throws {Problem} `validation_failed` with a finding for each bad field
 */
export function rowToContact(
  cells: string[],
  columns: Columns,
  mode: ImportInput['mode'],
): Record<string, unknown> {
  if (cells.length > columns.length) {
    throw validationFailed([
      { code: 'too_many_cells', message: `the row has ${cells.length} cells, the header ${columns.length}` },
    ]);
  }
  const fields: Record<string, unknown> = {};
  const address: Record<string, string> = {};
  columns.forEach((field, at) => {
    const cell = cells[at]?.trim() ?? '';
    if (field === undefined || cell === '') return;
    if (field.startsWith('address.')) address[field.slice('address.'.length)] = cell;
    else fields[field] = fromCell(field, cell);
  });
  if (Object.keys(address).length > 0) fields.address = address;
  requireMatch(fields, mode);
  return validate(mode === 'update' ? contact.patch : contact.input, fields);
}

function requireMatch(fields: Record<string, unknown>, mode: ImportInput['mode']): void {
  if (mode === 'create' || fields[matchField] !== undefined) return;
  const missing: ProblemDetail = { pointer: `/${matchField}`, code: 'required', message: 'is required' };
  throw validationFailed([missing]);
}

function fromCell(field: string, cell: string): unknown {
  if (field === 'tags') {
    const tags = cell.split(/[;,]/).map((tag) => tag.trim());
    return [...new Set(tags.filter((tag) => tag !== ''))];
  }
  if (field === 'score') return /^-?\d+$/.test(cell) ? Number(cell) : cell;
  return cell;
}
