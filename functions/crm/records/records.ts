import type { Actor } from '../../shared/actor.ts';
import type { VersionCondition } from '../../shared/etag.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { planCreate } from './create-record.ts';
import { planDelete } from './delete-record.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';

/** Creates a record. @throws {Problem} `duplicate`, `validation_failed` for an unknown reference */
export async function createRecord(
  definition: EntityDefinition,
  input: Record<string, unknown>,
  actor: Actor,
): Promise<CrmRecord> {
  const plan = planCreate(definition, input, actor);
  await carryOut(plan.writes);
  return plan.result;
}

/** Deletes a record softly. @throws {Problem} `not_found`, `precondition_failed` */
export async function deleteRecord(
  definition: EntityDefinition,
  id: string,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<CrmRecord> {
  const plan = await planDelete(definition, id, actor, ifMatch);
  await carryOut(plan.writes);
  return plan.result;
}
