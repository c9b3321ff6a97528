import type { Item } from '../../shared/dynamo/item.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { Problem } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import type { EntityDefinition, EntityName } from './entity.ts';
import { isLiving, recordKey } from './record-item.ts';

/**
 * A record that was merged into another one is an alias: it keeps its own values for the day on which the merge is
 * undone, stands in no list, and `mergedInto` names the record that it is part of, which may be an alias in turn.
 */
export function mergedInto(item: Item | undefined): string | undefined {
  return typeof item?.mergedInto === 'string' ? item.mergedInto : undefined;
}

/** Entities whose records can be merged, by functions/crm/merge. */
export function isMergeable(entity: EntityName): boolean {
  return entity === 'contact';
}

/** Merges that are followed; a record has at most so many aliases (functions/crm/merge/merge-rules.ts). */
const longestChain = 20;

/** The living record that an item is or was merged into; one GetItem for each merge between them. */
export async function livingOf(
  definition: Pick<EntityDefinition, 'entity'>,
  tenantId: string,
  item: Item | undefined,
): Promise<Item | undefined> {
  let found = item;
  for (let hops = 0; hops < longestChain && !isLiving(found); hops += 1) {
    const next = mergedInto(found);
    if (next === undefined) return undefined;
    found = await getItem('crm', recordKey(definition, tenantId, next));
  }
  return isLiving(found) ? found : undefined;
}

/** What a refused check of a reference has told, by tenant and id: where the record is now. */
const known = new Map<string, string>();
const maxKnown = 1_000;

/**
 * Remembers an alias that a write has come upon. The write is planned again, and finds it here: so references to
 * records that were never merged, which is nearly all, cost no read.
 */
export function rememberAlias(tenantId: string, id: string, primaryId: string): Problem {
  known.set(`${tenantId} ${id}`, primaryId);
  const [oldest] = known.keys();
  if (known.size > maxKnown && oldest !== undefined) known.delete(oldest);
  return new Problem('conflict', `${id} was merged into ${primaryId}; try again`, {
    extensions: { mergedInto: primaryId },
  });
}

/**
 * The given members with references to known aliases turned to where those were merged into.
 * @returns with checks that this still holds: a merge may have been undone since
 */
export function withoutAliases<Members extends Record<string, unknown>>(
  definition: EntityDefinition,
  tenantId: string,
  members: Members,
): { members: Members; checks: PlannedWrite[] } {
  const turned: Record<string, unknown> = {};
  const checks: PlannedWrite[] = [];
  for (const { field, entity } of known.size > 0 ? definition.references : []) {
    let id = members[field];
    for (let hops = 0; hops < longestChain && typeof id === 'string'; hops += 1) {
      const name = `${tenantId} ${id}`;
      const primaryId = known.get(name);
      if (primaryId === undefined) break;
      checks.push({
        write: {
          kind: 'check',
          table: 'crm',
          key: recordKey({ entity }, tenantId, id),
          condition: { text: 'mergedInto = :primary', values: { ':primary': primaryId } },
        },
        refused: () => {
          known.delete(name);
          return new Problem('conflict', 'The merge was undone meanwhile; try again');
        },
      });
      turned[field] = primaryId;
      id = primaryId;
    }
  }
  return { members: { ...members, ...turned }, checks };
}
