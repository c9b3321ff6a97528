import * as z from 'zod/mini';
import { isDate } from '../../shared/clock.ts';
import { nearestName } from '../../shared/nearest-name.ts';
import type { ProblemDetail } from '../../shared/problem.ts';
import { findings, toPointer } from '../../shared/validation.ts';
import { email, instant, text } from '../records/fields.ts';
import type { CustomField } from './custom-field.ts';

/** Values of one record, as JSON: keeps a write below ten of its units (AWS: 1 KB each). */
const maxBytes = 8 * 1024;
const maxText = 2_000;

/** Beyond, DynamoDB would refuse or round them (AWS: 1E-130 to 9.9E+125). */
const [smallest, largest] = [1e-100, 1e100];

const webAddress = z.string().check(
  z.trim(),
  z.maxLength(maxText),
  z.refine(
    (value) => /^https?:\/\/\S+$/i.test(value) && URL.canParse(value),
    'must be an address such as https://example.com',
  ),
);

/** What a field takes, in the form in which it is stored. */
export function valueSchema({ type, options }: Pick<CustomField, 'type' | 'options'>): z.ZodMiniType {
  switch (type) {
    case 'text':
      return text(maxText);
    case 'number':
      return z.number().check(
        z.refine((value) => {
          const size = Math.abs(value);
          return size === 0 || (size >= smallest && size <= largest);
        }, `must lie between ${smallest} and ${largest}, or below 0 likewise`),
      );
    case 'integer':
      return z.int();
    case 'boolean':
      return z.boolean();
    case 'date':
      return z.string().check(z.refine(isDate, 'must be a date such as 2026-01-31'));
    case 'instant':
      return instant;
    case 'select':
      return z.enum(options ?? []);
    case 'multiselect':
      return z
        .array(z.enum(options ?? []))
        .check(z.refine((chosen) => new Set(chosen).size === chosen.length, 'must not name an option twice'));
    case 'url':
      return webAddress;
    case 'email':
      return email;
  }
}

export interface CheckedCustom {
  /** The values as they are stored; meaningless when there are errors. */
  custom: Record<string, unknown>;
  errors: ProblemDetail[];
}

/**
 * Applies the given members of `custom` to those that a record has.
 * @param fields the tenant's definitions
 * @param before what the record has; absent for a new one, which needs the required ones
 * @param given as sent: `null` clears, what is not named stays, values of deleted fields included
 */
export function checkCustom(
  fields: readonly CustomField[],
  before: Record<string, unknown> | undefined,
  given: Record<string, unknown>,
): CheckedCustom {
  const errors: ProblemDetail[] = [];
  const custom = new Map(Object.entries(before ?? {}));
  for (const [name, value] of Object.entries(given)) {
    const field = fields.find((candidate) => candidate.name === name);
    const pointer = toPointer(['custom', name]);
    if (value === null) {
      if (field?.required && before) errors.push({ pointer, code: 'required', message: 'cannot be cleared' });
      if (!field && !custom.has(name)) errors.push(unknownField(name, pointer, fields));
      custom.delete(name);
    } else if (!field) {
      errors.push(unknownField(name, pointer, fields));
    } else {
      const checked = valueSchema(field).safeParse(value, { reportInput: true });
      if (checked.success) custom.set(name, checked.data);
      else errors.push(...findings(checked.error.issues, pointer));
    }
  }
  if (!before) {
    const missing = fields.filter(({ name, required }) => required && !custom.has(name));
    errors.push(
      ...missing.map(({ name }) => ({
        pointer: toPointer(['custom', name]),
        code: 'required',
        message: 'is required',
      })),
    );
  }
  const result = Object.fromEntries(custom);
  if (errors.length === 0 && Buffer.byteLength(JSON.stringify(result)) > maxBytes) {
    errors.push({
      pointer: '/custom',
      code: 'too_long',
      message: `must have at most ${maxBytes} bytes as JSON`,
    });
  }
  return { custom: result, errors };
}

function unknownField(name: string, pointer: string, fields: readonly CustomField[]): ProblemDetail {
  const near = nearestName(
    name,
    fields.map((field) => field.name),
  );
  const hint = near ? `did you mean ${JSON.stringify(near)}?` : 'define it under /api/v1/custom-fields first';
  return { pointer, code: 'unknown_field', message: `unknown custom field; ${hint}` };
}
