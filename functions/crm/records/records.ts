import type { Actor } from '../../shared/actor.ts';
import type { VersionCondition } from '../../shared/etag.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { carryOutPlanned } from './carry-out-planned.ts';
import { planCreate } from './create-record.ts';
import { planDelete } from './delete-record.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';

/** Creates a record. @throws {Problem} `duplicate`, `validation_failed` for an unknown reference */
export async function createRecord(
  definition: EntityDefinition,
  input: Record<string, unknown>,
  actor: Actor,
): Promise<CrmRecord> {
  return carryOutPlanned(
    () => planCreate(definition, input, actor),
    ({ writes }) => carryOut(writes),
  );
}

/** Deletes a record softly. @throws {Problem} `not_found`, `precondition_failed` */
export async function deleteRecord(
  definition: EntityDefinition,
  id: string,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<CrmRecord> {
  return carryOutPlanned(
    () => planDelete(definition, id, actor, ifMatch),
    ({ writes }) => carryOut(writes),
  );
}
