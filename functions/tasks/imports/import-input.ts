import * as z from 'zod/mini';
import { contact } from '../../crm/contacts/contact.ts';
import { address } from '../../crm/records/fields.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import { described, line } from '../fields.ts';

export const importModes = ['create', 'update', 'upsert'] as const;

/** The fields that a column can fill: those of a contact, the address by its lines. */
export const importFields: readonly string[] = contact.fields.flatMap((field) =>
  field === 'address' ? Object.keys(address.shape).map((part) => `address.${part}`) : [field],
);

/** A field that finds the contact again; updates and upserts need it. */
export const matchField = 'email';

export const importInput = z.strictObject({
  entity: z.enum(['contacts']),
  fileKey: described(z.string().check(z.minLength(1), z.maxLength(500)), 'As POST /api/v1/files gave it.'),
  mapping: described(
    z.optional(z.record(line(200), z.enum(importFields as [string, ...string[]]))),
    'Column of the file → field, such as `{"E-mail": "email", "City": "address.city"}`. Left out: the columns are named like the fields.',
  ),
  mode: described(
    z._default(z.enum(importModes), 'create'),
    '`create`: every row is a new contact. `update`: every row is an existing one, found by its email. `upsert`: either.',
  ),
  dryRun: described(
    z._default(z.boolean(), false),
    'Checks every row and writes nothing but the row errors.',
  ),
});

export type ImportInput = z.infer<typeof importInput>;

/** @throws {Problem} `validation_failed` when the mapping cannot work */
export function checkMapping({ mapping, mode }: ImportInput): void {
  if (!mapping) return;
  const fields = Object.values(mapping);
  if (mode !== 'create' && !fields.includes(matchField)) {
    throw validationFailed([
      {
        pointer: '/mapping',
        code: 'required',
        message: `must map a column to ${matchField} for the mode ${mode}`,
      },
    ]);
  }
  const repeated = fields.find((field, at) => fields.indexOf(field) !== at);
  if (repeated !== undefined) {
    throw validationFailed([
      { pointer: '/mapping', code: 'invalid_value', message: `maps two columns to ${repeated}` },
    ]);
  }
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
