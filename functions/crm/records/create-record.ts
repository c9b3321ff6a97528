import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import type { WritePlan } from '../../shared/write-plan.ts';
import { drawNumber } from '../numbers/draw-number.ts';
import { withoutAliases } from './aliases.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';
import { toItem, withComputed } from './record-item.ts';
import { referenceChecks } from './references.ts';
import { guardWrites } from './unique-guard.ts';
import { withoutRepeats } from './without-repeats.ts';

/** Who a record is going to be, where writing it again must find it written: an import's rows. */
export interface RecordIdentity {
  id: string;
  /** `createdAt`, epoch milliseconds: the time in the id. */
  createdAt: number;
}

/**
 * What creates a record: the item, a guard for each unique value, a check of each reference, and what the entity's
 * rules add. The first of the writes is that of the record.
 * @param input checked against the entity's input schema
 * @param identity a new one when absent
 * @throws {Problem} of the rules
 */
export async function planCreate(
  definition: EntityDefinition,
  input: Record<string, unknown>,
  actor: Actor,
  identity?: RecordIdentity,
): Promise<WritePlan<CrmRecord>> {
  const { tenantId, subject } = actor.caller;
  const at = now();
  const id = identity?.id ?? newId(definition.idPrefix, at.getTime());
  const asked: CrmRecord = {
    id,
    version: 1,
    createdAt: new Date(identity?.createdAt ?? at).toISOString(),
    updatedAt: at.toISOString(),
    createdBy: subject,
    updatedBy: subject,
    ...Object.fromEntries(
      definition.fields.map((field) => [
        field,
        withoutNulls(input[field]) ?? definition.defaults[field] ?? null,
      ]),
    ),
  };
  const { members: draft, checks } = withoutAliases(definition, tenantId, asked);
  const { record: unnumbered, writes } = (await definition.rules.create?.(draft, actor, input)) ?? {
    record: draft,
    writes: [],
  };
  // The number last: the shorter it is held, the fewer lose it to others.
  const numbered = await drawNumber(definition, actor);
  const record = { ...unnumbered, ...numbered?.member };
  return {
    result: withComputed(definition, record),
    writes: withoutRepeats([
      {
        write: {
          kind: 'put',
          table: 'crm',
          item: toItem(definition, tenantId, record, actor.requestId),
          condition: { text: 'attribute_not_exists(pk)' },
        },
      },
      ...guardWrites(definition, tenantId, id, undefined, record),
      ...referenceChecks(definition, tenantId, record),
      ...checks,
      ...(numbered ? [numbered.write] : []),
      ...writes,
    ]),
  };
}

/** A nested object without its `null` members; an object that has none left is no value at all. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return members.length > 0 ? Object.fromEntries(members) : undefined;
}
