import type { Actor } from '../../shared/actor.ts';
import { instant, now } from '../../shared/clock.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { notFound, Problem } from '../../shared/problem.ts';
import type { WritePlan } from '../../shared/write-plan.ts';
import { isMergeable, livingOf, mergedInto } from './aliases.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';
import { getRecord } from './find-records.ts';
import { indexAttributeNames } from './index-attributes.ts';
import { replaceAtVersion } from './patch-record.ts';
import { isExpired, isLiving, recordKey, restorableDays, toRecord, withComputed } from './record-item.ts';
import { parentChecks } from './references.ts';
import { guardWrites } from './unique-guard.ts';

const secondsPerDay = 24 * 60 * 60;

/**
 * Deletes softly: the record leaves every list and frees its unique values, and can be restored for 30 days.
 * @throws {Problem} `not_found`, `precondition_failed`, `conflict` for one that was merged into another
 */
export async function planDelete(
  definition: EntityDefinition,
  id: string,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<CrmRecord>> {
  const { tenantId, subject } = actor.caller;
  const before = await getRecord(definition, id, actor);
  if (before.id !== id) throw isMerged(id, before.id);
  requireVersion(ifMatch, before.version);
  const further = (await definition.rules.remove?.(before, actor)) ?? [];
  const deletedAt = instant();
  const after = { ...before, version: before.version + 1, updatedAt: deletedAt, updatedBy: subject };
  const replacement = replaceAtVersion(definition, after, before.version, actor);
  for (const attribute of indexAttributeNames(definition)) delete replacement.write.item[attribute];
  Object.assign(replacement.write.item, {
    deletedAt,
    // A number that was given out stays explained, so its record is kept for good.
    ...(definition.numberPrefix === undefined && {
      ttl: Math.floor(now().getTime() / 1000) + restorableDays * secondsPerDay,
    }),
  });
  return {
    result: after,
    writes: [replacement, ...guardWrites(definition, tenantId, id, before, undefined), ...further],
  };
}

/** Whoever deletes or restores one of several duplicates does not mean what they have become. */
function isMerged(id: string, primaryId: string): Problem {
  return new Problem('conflict', `${id} was merged into ${primaryId}`, {
    extensions: { mergedInto: primaryId },
  });
}

/** The record with references to what was merged since its deletion turned to where that is now. */
async function turnedToLiving(
  definition: EntityDefinition,
  record: CrmRecord,
  { caller }: Actor,
): Promise<CrmRecord> {
  const turned = await Promise.all(
    definition.references.map(async (reference) => {
      const id = record[reference.field];
      if (typeof id !== 'string' || !isMergeable(reference.entity)) return {};
      const found = await getItem('crm', recordKey(reference, caller.tenantId, id));
      const living = mergedInto(found) && (await livingOf(reference, caller.tenantId, found));
      return living ? { [reference.field]: living.id } : {};
    }),
  );
  return Object.assign({}, record, ...turned) as CrmRecord;
}

/**
 * Undoes a deletion.
 * @throws {Problem} `not_found` when there is no such record any more, `invalid_transition` when it is not deleted,
 *   `conflict` when it was merged into another one,
 *   `duplicate` when one of its unique values has been taken since, `validation_failed` when its parents would
 *   form a cycle
 */
export async function planRestore(
  definition: EntityDefinition,
  id: string,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<CrmRecord>> {
  const { tenantId, subject } = actor.caller;
  const item = await getItem('crm', recordKey(definition, tenantId, id));
  if (!item || isExpired(item)) throw notFound(definition.entity, id);
  const primaryId = mergedInto(item);
  if (primaryId !== undefined) throw isMerged(id, primaryId);
  if (isLiving(item)) throw new Problem('invalid_transition', `The ${definition.entity} is not deleted`);
  const before = toRecord(definition, item);
  requireVersion(ifMatch, before.version);
  const draft = {
    ...(await turnedToLiving(definition, before, actor)),
    ...{ version: before.version + 1, updatedAt: instant(), updatedBy: subject },
  };
  const { record: after, writes } = (await definition.rules.restore?.(draft, actor)) ?? {
    record: draft,
    writes: [],
  };
  // What the record refers to may be gone, as for any living record; a cycle among parents must not come back.
  const { parentId } = before;
  const parents =
    typeof parentId === 'string' ? await parentChecks(definition, tenantId, id, parentId, 'may be gone') : [];
  return {
    result: withComputed(definition, after),
    writes: [
      replaceAtVersion(definition, after, before.version, actor),
      ...guardWrites(definition, tenantId, id, undefined, after),
      ...parents,
      ...writes,
    ],
  };
}
