import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { ConditionFailed, type Expression, updateItem } from '../../shared/dynamo/table.ts';
import { preconditionFailed, requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { applyMergePatch } from '../../shared/merge-patch.ts';
import { notFound } from '../../shared/problem.ts';
import { carryOut, type PlannedWrite, type WritePlan } from '../../shared/write-plan.ts';
import { mergedInto, withoutAliases } from './aliases.ts';
import { carryOutPlanned } from './carry-out-planned.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';
import { getRecord } from './find-records.ts';
import { memberUpdate } from './member-update.ts';
import { isLiving, livingCondition, recordKey, toItem, toRecord, withComputed } from './record-item.ts';
import { parentChecks, referenceChecks } from './references.ts';
import { guardWrites } from './unique-guard.ts';
import { withoutRepeats } from './without-repeats.ts';

/**
 * Applies a merge patch. A patch of plain fields is one conditional update without a read; one that touches
 * unique values, references or nested objects reads the record first and writes in a transaction.
 * @param patch checked against the entity's patch schema
 * @throws {Problem} `not_found`, `precondition_failed`, `duplicate`, `validation_failed`
 */
export async function patchRecord(
  definition: EntityDefinition,
  id: string,
  patch: Record<string, unknown>,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<CrmRecord> {
  if (!(await needsOldValue(definition, patch, actor))) {
    return patchBlindly(definition, id, patch, actor, ifMatch);
  }
  return carryOutPlanned(
    () => planPatch(definition, id, patch, actor, ifMatch),
    ({ writes }) => carryOut(writes),
  );
}

async function needsOldValue(
  { unique, references, nested, rules }: EntityDefinition,
  patch: Record<string, unknown>,
  actor: Actor,
): Promise<boolean> {
  const touchy = [...unique, ...references].map(({ field }) => field);
  const named = (fields: readonly string[]) => fields.some((field) => Object.hasOwn(patch, field));
  return (
    named([...touchy, ...Object.keys(nested), ...rules.watched]) ||
    named((await rules.watchedToo?.(actor)) ?? [])
  );
}

async function patchBlindly(
  definition: EntityDefinition,
  id: string,
  patch: Record<string, unknown>,
  actor: Actor,
  ifMatch: VersionCondition | undefined,
): Promise<CrmRecord> {
  const key = recordKey(definition, actor.caller.tenantId, id);
  const update = memberUpdate(definition, id, patch, actor);
  try {
    const item = await updateItem('crm', key, update, livingAt(ifMatch));
    return toRecord(definition, item);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const primaryId = mergedInto(error.current);
    if (primaryId !== undefined) return patchRecord(definition, primaryId, patch, actor, ifMatch);
    if (!isLiving(error.current)) throw notFound(definition.entity, id);
    throw preconditionFailed(error.current.version as number);
  }
}

function livingAt(ifMatch: VersionCondition | undefined): Expression {
  if (!ifMatch || ifMatch.any) return { text: livingCondition };
  // No tag of ours at all: nothing can match, and the refusal tells the current version.
  const versions = ifMatch.versions.length > 0 ? ifMatch.versions : [0];
  return {
    text: `${livingCondition} AND #version IN (${versions.map((_, at) => `:v${at}`).join(', ')})`,
    names: { '#version': 'version' },
    values: Object.fromEntries(versions.map((version, at) => [`:v${at}`, version])),
  };
}

/** What applies a patch to the record as it stands now. */
export async function planPatch(
  definition: EntityDefinition,
  id: string,
  patch: Record<string, unknown>,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<CrmRecord>> {
  const before = await getRecord(definition, id, actor);
  requireVersion(ifMatch, before.version);
  return planChange(definition, before, patch, actor);
}

/** The same for a record that has been read. */
export async function planChange(
  definition: EntityDefinition,
  before: CrmRecord,
  patch: Record<string, unknown>,
  actor: Actor,
): Promise<WritePlan<CrmRecord>> {
  const merged = applyMergePatch(before, patch) as CrmRecord;
  const fields = definition.fields.map((field) => [
    field,
    merged[field] ?? definition.defaults[field] ?? null,
  ]);
  const asked: CrmRecord = { ...before, ...Object.fromEntries(fields) };
  const { members: draft, checks } = withoutAliases(definition, actor.caller.tenantId, asked);
  const decided = await definition.rules.update?.(before, draft, actor, patch);
  return planReplace(definition, before, decided?.record ?? draft, actor, [
    ...checks,
    ...(decided?.writes ?? []),
  ]);
}

/**
 * What writes a changed record over the one that was read: a new version, its guards, checks of references that
 * changed. Patches and actions end here.
 * @param further writes of the same transaction
 */
export async function planReplace(
  definition: EntityDefinition,
  before: CrmRecord,
  draft: CrmRecord,
  actor: Actor,
  further: PlannedWrite[] = [],
): Promise<WritePlan<CrmRecord>> {
  const { tenantId, subject } = actor.caller;
  const after: CrmRecord = {
    ...draft,
    version: before.version + 1,
    updatedAt: instant(),
    updatedBy: subject,
  };
  const changed = Object.fromEntries(
    definition.references
      .filter(({ field }) => after[field] !== before[field])
      .map(({ field }) => [field, after[field]]),
  );
  const parents =
    typeof changed.parentId === 'string'
      ? await parentChecks(definition, tenantId, before.id, changed.parentId)
      : undefined;
  return {
    result: withComputed(definition, after),
    writes: withoutRepeats([
      replaceAtVersion(definition, after, before.version, actor),
      ...guardWrites(definition, tenantId, before.id, before, after),
      ...(parents ?? referenceChecks(definition, tenantId, changed)),
      ...further,
    ]),
  };
}

/** Writes a record over the version that was read; `conflict` when it has moved on since. */
export function replaceAtVersion(
  definition: EntityDefinition,
  record: CrmRecord,
  version: number,
  actor: Actor,
) {
  return {
    write: {
      kind: 'put' as const,
      table: 'crm' as const,
      item: toItem(definition, actor.caller.tenantId, record, actor.requestId),
      condition: {
        text: '#version = :version',
        names: { '#version': 'version' },
        values: { ':version': version },
      },
    },
  };
}
