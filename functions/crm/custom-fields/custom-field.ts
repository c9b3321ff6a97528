import * as z from 'zod/mini';
import { text } from '../records/fields.ts';

/** The entities whose records have a member `custom`. */
export const customEntities = ['contact', 'company', 'deal'] as const;
export type CustomEntity = (typeof customEntities)[number];

export const customFieldTypes = [
  'text',
  'number',
  'integer',
  'boolean',
  'date',
  'instant',
  'select',
  'multiselect',
  'url',
  'email',
] as const;
export type CustomFieldType = (typeof customFieldTypes)[number];

/** All fields of an entity are one item, which ends at 400 KB (AWS): these bounds keep it below. */
export const maxFields = 100;
export const maxOptions = 100;

/** Begins like a member of ours, so that values read like them: `custom.contractEnd`. */
export const customFieldName = z
  .string()
  .check(
    z.maxLength(50),
    z.regex(/^[a-z][A-Za-z0-9_]*$/, 'must be letters, digits and "_", beginning with a lower-case letter'),
  );

const option = text(100);

/** A definition as it is put: what is left out is as at the start. */
export const customFieldInput = z.strictObject({
  type: z.enum(customFieldTypes),
  label: text(100),
  description: z.optional(z.nullable(text(500))),
  /** New records have to have a value, and no patch may clear it. */
  required: z._default(z.boolean(), false),
  /** Of a select or multiselect, in the order in which people see them. */
  options: z.optional(z.array(option).check(z.minLength(1), z.maxLength(maxOptions))),
});
export type CustomFieldInput = z.infer<typeof customFieldInput>;

export const customFieldOutput = z.strictObject({
  entity: z.enum(customEntities),
  name: z.string(),
  type: z.enum(customFieldTypes),
  label: z.string(),
  description: z.nullable(z.string()),
  required: z.boolean(),
  options: z.nullable(z.array(z.string())),
  version: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
  createdBy: z.string(),
  updatedBy: z.string(),
});
export type CustomField = z.infer<typeof customFieldOutput>;

/**
 * The types that a field can become: each value of the one is a value of the other, so that no record has to change.
 */
export const compatibleTypes: Record<CustomFieldType, readonly CustomFieldType[]> = {
  text: [],
  number: [],
  integer: ['number'],
  boolean: [],
  date: ['text'],
  instant: ['text'],
  select: ['text'],
  multiselect: [],
  url: ['text'],
  email: ['text'],
};

/** True when values of the old type are values of the new one. */
export function staysReadable(old: CustomFieldType, now: CustomFieldType): boolean {
  return old === now || compatibleTypes[old].includes(now);
}

/** The member of records: its names and their values are checked against the tenant's own fields. */
export const customMember = z
  .record(z.string(), z.unknown())
  .check(z.meta({ description: "Values of the tenant's custom fields by their names; `null` clears one." }));
