import type { Actor } from '../../shared/actor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import { validate } from '../../shared/validation.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { planCreate } from './create-record.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';
import { findByUnique } from './find-records.ts';
import { patchRecord } from './patch-record.ts';

export interface UpsertResult {
  created: boolean;
  record: CrmRecord;
}

const upsertAttempts = 5;
const raceCodes = new Set(['duplicate', 'not_found', 'conflict']);

/**
 * Creates the record that has the unique value, or patches it when it is there.
 * @param input checked against the entity's upsert schema: whole for a new record, else what changes; its own value of the field, if given, must be the same
 * @throws {Problem} `validation_failed`, `duplicate` for another unique value
 */
export async function upsertRecord(
  definition: EntityDefinition,
  field: string,
  value: string,
  input: Record<string, unknown>,
  actor: Actor,
): Promise<UpsertResult> {
  const wanted = withUniqueValue(definition, field, value, input);
  for (let attempt = 1; ; attempt += 1) {
    const existing = await findByUnique(definition, field, value, actor);
    try {
      if (existing) {
        const record = await patchRecord(
          definition,
          existing.id as string,
          withOwnValue(definition, field, existing, input),
          actor,
        );
        return { created: false, record };
      }
      const plan = await planCreate(definition, validate(definition.input, wanted), actor);
      await carryOut(plan.writes);
      return { created: true, record: plan.result };
    } catch (error) {
      // Created or deleted by someone else between the look and the write: look again.
      const raced = error instanceof Problem && raceCodes.has(error.code);
      if (!raced || attempt === upsertAttempts) throw error;
    }
  }
}

/**
 * Found by a value that came with a merged record, a record keeps its own: whoever sends the old address does not
 * say that it is the main one.
 */
export function withOwnValue(
  definition: EntityDefinition,
  field: string,
  existing: Item,
  input: Record<string, unknown>,
): Record<string, unknown> {
  const unique = definition.unique.find((candidate) => candidate.field === field);
  const [own, given] = [existing[field], input[field]];
  if (!unique?.others || typeof own !== 'string' || typeof given !== 'string') return input;
  if (unique.normalise(own) === unique.normalise(given)) return input;
  const { [field]: _known, ...rest } = input;
  return rest;
}

function withUniqueValue(
  definition: EntityDefinition,
  field: string,
  value: string,
  input: Record<string, unknown>,
): Record<string, unknown> {
  const unique = definition.unique.find((candidate) => candidate.field === field);
  const own = input[field];
  if (own === null) {
    throw validationFailed([
      {
        pointer: `/${field}`,
        code: 'mismatch',
        message: `cannot be cleared where it names the ${definition.entity}`,
      },
    ]);
  }
  if (typeof own === 'string' && unique?.normalise(own) !== unique?.normalise(value)) {
    throw validationFailed([
      { pointer: `/${field}`, code: 'mismatch', message: `is not the ${field} of the path` },
    ]);
  }
  return { ...input, [field]: typeof own === 'string' ? own : value };
}
