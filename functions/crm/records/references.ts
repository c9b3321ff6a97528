import { getItem } from '../../shared/dynamo/table.ts';
import { validationFailed } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { mergedInto, rememberAlias } from './aliases.ts';
import type { EntityDefinition, ReferenceField } from './entity.ts';
import { isLiving, livingCondition, recordKey } from './record-item.ts';

/**
 * Checks, in the write's own transaction, that the records which the given members name exist in the tenant.
 * Members that are absent or `null` are not checked.
 */
export function referenceChecks(
  definition: EntityDefinition,
  tenantId: string,
  members: Record<string, unknown>,
): PlannedWrite[] {
  return definition.references.flatMap((reference) => {
    const id = members[reference.field];
    if (typeof id !== 'string' || reference.checkedByRules) return [];
    return [
      {
        write: {
          kind: 'check',
          table: 'crm',
          key: recordKey(reference, tenantId, id),
          condition: { text: livingCondition },
        },
        refused: (current) => {
          const primaryId = mergedInto(current);
          return primaryId === undefined
            ? unknownReference(reference, id)
            : rememberAlias(tenantId, id, primaryId);
        },
      } satisfies PlannedWrite,
    ];
  });
}

function unknownReference(reference: ReferenceField, id: string) {
  return validationFailed([
    {
      pointer: `/${reference.field}`,
      code: 'unknown_reference',
      message: `no ${reference.entity} has the id ${id}`,
    },
  ]);
}

/** Longest line of parents that is followed; deeper ones are refused. */
const maxParents = 25;

/**
 * Refuses a parent that has the record among its own parents. The line that was read is checked again
 * in the transaction, so two changes at once cannot close a ring together.
 * @returns the checks for the transaction
 */
export async function parentChecks(
  definition: EntityDefinition,
  tenantId: string,
  id: string,
  parentId: string,
  parent: 'must be there' | 'may be gone' = 'must be there',
): Promise<PlannedWrite[]> {
  const checks: PlannedWrite[] = [];
  let at: string | undefined = parentId;
  while (at !== undefined) {
    if (at === id || checks.length === maxParents) {
      throw validationFailed([
        {
          pointer: '/parentId',
          code: at === id ? 'cycle' : 'too_deep',
          message:
            at === id ? 'would make the company its own ancestor' : `has more than ${maxParents} ancestors`,
        },
      ]);
    }
    const key = recordKey(definition, tenantId, at);
    const item = await getItem('crm', key);
    if (!isLiving(item)) {
      if (checks.length === 0 && parent === 'must be there')
        throw unknownReference({ field: 'parentId', entity: 'company', as: 'parent' }, at);
      break;
    }
    const above = item.parentId as string | undefined;
    checks.push({
      write: {
        kind: 'check',
        table: 'crm',
        key,
        condition: above
          ? { text: `${livingCondition} AND parentId = :above`, values: { ':above': above } }
          : { text: `${livingCondition} AND attribute_not_exists(parentId)` },
      },
    });
    at = above;
  }
  return checks;
}
