import * as z from 'zod/mini';
import type { EntityDefinition } from '../../crm/records/entity.ts';
import { nearestName } from '../../shared/nearest-name.ts';
import { Problem, type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { toPointer } from '../../shared/validation.ts';
import { described, line } from '../fields.ts';
import { writableColumn, writableColumns } from './record-columns.ts';
import { transferCollections, transferEntity } from './transfer-entities.ts';

export const importModes = ['create', 'update', 'upsert'] as const;
export const fileFormats = ['csv', 'ndjson'] as const;
export type FileFormat = (typeof fileFormats)[number];

export const importInput = z.strictObject({
  entity: z.enum(transferCollections as [string, ...string[]]),
  fileKey: described(z.string().check(z.minLength(1), z.maxLength(500)), 'As POST /api/v1/files gave it.'),
  format: described(
    z.optional(z.enum(fileFormats)),
    'Left out: `ndjson` for files named .ndjson or .jsonl, `csv` for all others.',
  ),
  mapping: described(
    z.optional(z.record(line(200), line(200))),
    'Column of the file → field, such as `{"E-mail": "email", "City": "address.city", "Size": "custom.size"}`; columns that it does not name are left out. Without a mapping all columns are named like fields.',
  ),
  mode: described(
    z._default(z.enum(importModes), 'create'),
    '`create`: every row is a new record. `update`: every row is an existing one. `upsert`: either.',
  ),
  matchBy: described(
    z.optional(line(50)),
    'What finds the record of a row for `update` and `upsert`: `id` or a unique field. Left out: `email` of contacts, `domain` of companies, `sku` of products, `id` of all others.',
  ),
  dryRun: described(
    z._default(z.boolean(), false),
    'Checks every row and writes nothing but the row errors.',
  ),
});

export type ImportInput = z.infer<typeof importInput>;

/** An import with everything that its input leaves to be concluded. */
export interface ImportPlan {
  input: ImportInput;
  definition: EntityDefinition;
  format: FileFormat;
  /** `id`, or a unique field. */
  matchBy: string;
}

/** @throws {Problem} `validation_failed` when mapping, mode and entity do not fit together */
export function planImport(input: ImportInput): ImportPlan {
  const definition = transferEntity(input.entity);
  const { mode, mapping } = input;
  const uniques = definition.unique.map(({ field }) => field);
  const matchBy = input.matchBy ?? uniques[0] ?? 'id';
  const errors: ProblemDetail[] = [];
  const refuse = (pointer: string, code: string, message: string) => errors.push({ pointer, code, message });
  if (input.matchBy !== undefined && mode === 'create')
    refuse('/matchBy', 'not_allowed', 'means nothing for the mode create, which looks for no records');
  if (matchBy !== 'id' && !uniques.includes(matchBy))
    refuse('/matchBy', 'invalid_value', `must be one of: ${['id', ...uniques].join(', ')}`);
  const filled = new Set<string>();
  for (const [column, path] of Object.entries(mapping ?? {})) {
    const pointer = toPointer(['mapping', column]);
    if (path !== 'id' && !writableColumn(definition, path))
      refuse(pointer, 'unknown_field', unknownField(path, definition));
    else if (path === 'id' && (mode === 'create' || matchBy !== 'id'))
      refuse(pointer, 'read_only', 'an id finds records and is never set; it needs matchBy id');
    else if (filled.has(path)) refuse(pointer, 'invalid_value', `maps a second column to ${path}`);
    filled.add(path);
  }
  if (mapping && mode !== 'create' && !filled.has(matchBy))
    refuse('/mapping', 'required', `must map a column to ${matchBy} for the mode ${mode}`);
  if (errors.length > 0) throw validationFailed(errors);
  return { input, definition, format: input.format ?? formatOf(input.fileKey), matchBy };
}

/** What is wrong with a field that no file can fill, and what may have been meant. */
export function unknownField(path: string, definition: EntityDefinition): string {
  const known = writableColumns(definition).map((column) => column.path);
  const near = nearestName(path, known);
  const hint = near ? `did you mean ${near}?` : `fields are: ${known.join(', ')}`;
  return `${JSON.stringify(path)} is no field of ${definition.collection} that can be set; ${hint}`;
}

function formatOf(fileKey: string): FileFormat {
  return /\.(ndjson|jsonl)$/i.test(fileKey) ? 'ndjson' : 'csv';
}

/** Bytes of the largest file: what the runner reads again for each of its time slices. */
export const maxImportBytes = 50 * 1024 * 1024;

/** @throws {Problem} `payload_too_large` */
export function checkImportSize(sizeBytes: number): void {
  if (sizeBytes <= maxImportBytes) return;
  throw new Problem(
    'payload_too_large',
    `The file has ${sizeBytes} bytes and the limit is ${maxImportBytes}`,
    {
      extensions: { limitBytes: maxImportBytes },
    },
  );
}
