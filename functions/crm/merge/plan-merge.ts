import { auditWrite } from '../../platform/audit/audit-write.ts';
import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { batchGetItems } from '../../shared/dynamo/table.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { validationFailed } from '../../shared/problem.ts';
import type { PlannedWrite, WritePlan } from '../../shared/write-plan.ts';
import { scoreAfter } from '../contacts/scored-members.ts';
import { mergedInto } from '../records/aliases.ts';
import type { CrmRecord, EntityDefinition } from '../records/entity.ts';
import { indexAttributeNames } from '../records/index-attributes.ts';
import { replaceAtVersion } from '../records/patch-record.ts';
import { isLiving, recordKey, toRecord } from '../records/record-item.ts';
import { moveGuards } from '../records/unique-guard.ts';
import { fieldChanges, listOf, mergeRecords } from './merge-fields.ts';
import {
  alreadyMerged,
  checkMergeInput,
  type MergeInput,
  requireRoom,
  unknownRecord,
} from './merge-input.ts';
import { eachKind, type Merge, mergeItem } from './merge-item.ts';

/** A merge or its undoing, with the primary as it then stands. */
export interface MergeResult {
  merge: Merge;
  contact: CrmRecord;
}

/**
 * The transaction that merges: the primary takes the values, the others become aliases, their unique values lead to
 * the primary, and the log says what was done. References follow later (move-references.ts).
 * @throws {Problem} `validation_failed` naming ids that are none, `conflict` for those that were merged before
 */
export async function planMerge(
  definition: EntityDefinition,
  input: MergeInput,
  mergeId: string,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<MergeResult>> {
  const { tenantId, subject } = actor.caller;
  checkMergeInput(definition, input);
  const [primary, ...others] = await readRecords(definition, input, tenantId);
  if (!primary) throw new Error('a merge without a primary');
  requireVersion(ifMatch, primary.version);
  const at = instant();
  const stamp = { updatedAt: at, updatedBy: subject };
  const merged = mergeRecords(definition, primary, others, input.fields ?? {});
  requireRoom(listOf(merged.mergedIds).length);
  const contact: CrmRecord = {
    ...merged,
    ...(definition.entity === 'contact' && (await scoreAfter(merged, {}, actor))),
    ...stamp,
    version: primary.version + 1,
  };
  const merge: Merge = {
    ...{ id: mergeId, status: 'running', primaryId: primary.id, otherIds: input.otherIds },
    ...{ moved: eachKind(() => 0), changes: fieldChanges(definition, primary, contact) },
    ...{ createdAt: at, createdBy: subject, completedAt: null, undoneAt: null, undoneBy: null },
  };
  return {
    result: { merge, contact },
    writes: [
      replaceAtVersion(definition, contact, primary.version, actor),
      ...others.map((other) => aliasWrite(definition, { ...other, ...stamp }, merge, actor)),
      ...moveGuards(
        definition,
        tenantId,
        [primary, ...others].map((record) => ({ id: record.id, record })),
        [{ id: primary.id, record: contact }],
      ),
      {
        write: {
          kind: 'put',
          table: 'platform',
          item: mergeItem(tenantId, merge),
          condition: { text: 'attribute_not_exists(pk)' },
        },
      },
      mergeAudit(actor, 'merged', merge, contact),
    ],
  };
}

/** The act in the tenant's audit; what it did to each record stands in their histories. */
export function mergeAudit(actor: Actor, action: string, merge: Merge, primary: CrmRecord): PlannedWrite {
  const { id, primaryId, otherIds } = merge;
  return auditWrite(actor, {
    ...{ action, entity: 'merge', id, title: String(primary.name) },
    details: { primaryId, otherIds },
  });
}

async function readRecords(
  definition: EntityDefinition,
  { primaryId, otherIds }: MergeInput,
  tenantId: string,
): Promise<CrmRecord[]> {
  const ids = [primaryId, ...otherIds];
  const found = await readItems(definition, tenantId, ids);
  const missing = ids.flatMap((id, at) => {
    const item = found.get(id);
    if (isLiving(item) || mergedInto(item) !== undefined) return [];
    return [unknownRecord(definition.entity, at === 0 ? '/primaryId' : `/otherIds/${at - 1}`, id)];
  });
  if (missing.length > 0) throw validationFailed(missing);
  return ids.map((id) => {
    const item = found.get(id) as Item;
    const into = mergedInto(item);
    if (into !== undefined) throw alreadyMerged(id, into);
    return toRecord(definition, item);
  });
}

/** The items of records by their ids, deleted and merged ones included: one BatchGetItem. */
export async function readItems(
  definition: EntityDefinition,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, Item>> {
  const keys = ids.map((id) => recordKey(definition, tenantId, id));
  const items = await batchGetItems('crm', keys, { consistent: true });
  return new Map(items.map((item) => [String(item.id), item]));
}

/** Like a deletion that nothing ends: it keeps its values and leaves every list. */
function aliasWrite(
  definition: EntityDefinition,
  record: CrmRecord,
  { id, primaryId, createdAt }: Merge,
  actor: Actor,
): PlannedWrite {
  const after = { ...record, version: record.version + 1 };
  const replacement = replaceAtVersion(definition, after, record.version, actor);
  for (const attribute of indexAttributeNames(definition)) delete replacement.write.item[attribute];
  Object.assign(replacement.write.item, { deletedAt: createdAt, mergedInto: primaryId, mergeId: id });
  return replacement;
}
