import * as z from 'zod/mini';
import { Problem, type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import type { EntityDefinition } from '../records/entity.ts';
import { reference } from '../records/fields.ts';
import { mergedFields } from './merge-fields.ts';

/** Contacts merged at once, and in all into one: guards fit into a transaction (AWS: 100 actions), a timeline shows all. */
const maxOthers = 10;
export const maxMerged = 19;

export const mergeInput = z.strictObject({
  primaryId: reference('con'),
  otherIds: z.array(reference('con')).check(z.minLength(1), z.maxLength(maxOthers)),
  /** Field → the id of the contact whose value it gets. */
  fields: z.optional(z.record(z.string(), reference('con'))),
});

export type MergeInput = z.infer<typeof mergeInput>;

/** The parts that only make sense together. @throws {Problem} `validation_failed` with a pointer for each finding */
export function checkMergeInput(
  definition: EntityDefinition,
  { primaryId, otherIds, fields }: MergeInput,
): void {
  const known = mergedFields(definition);
  const errors: ProblemDetail[] = [];
  for (const [at, id] of otherIds.entries()) {
    const pointer = `/otherIds/${at}`;
    if (id === primaryId) errors.push({ pointer, code: 'invalid_value', message: 'is the primary itself' });
    else if (otherIds.indexOf(id) < at) {
      errors.push({ pointer, code: 'repeated', message: 'is given more than once' });
    }
  }
  for (const [field, id] of Object.entries(fields ?? {})) {
    const pointer = `/fields/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!known.includes(field)) {
      errors.push({ pointer, code: 'unknown_field', message: `known are: ${known.join(', ')}` });
    } else if (id !== primaryId && !otherIds.includes(id)) {
      errors.push({ pointer, code: 'invalid_value', message: 'must be one of the merged records' });
    }
  }
  if (errors.length > 0) throw validationFailed(errors);
}

/** The finding of an id that is no record of the tenant. */
export const unknownRecord = (entity: string, pointer: string, id: string): ProblemDetail => ({
  pointer,
  code: 'unknown_reference',
  message: `no ${entity} has the id ${id}`,
});

/** @throws {Problem} `validation_failed` */
export function requireRoom(count: number): void {
  if (count <= maxMerged) return;
  throw validationFailed([
    {
      pointer: '/otherIds',
      code: 'too_many',
      message: `would make ${count} records in one, and the limit is ${maxMerged}`,
    },
  ]);
}

/** The 409 of a record that is a part of another one by now. */
export function alreadyMerged(id: string, primaryId: string): Problem {
  return new Problem('conflict', `${id} was merged into ${primaryId}; merge that one`, {
    extensions: { mergedInto: primaryId },
  });
}
