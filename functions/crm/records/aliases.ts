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

/** Merges that are followed; a record has at most so many aliases (functions/crm/merge/merge-input.ts). */
const longestChain = 20;

/** The living record that an item is or was merged into; one GetItem for each merge between them. */
export async function livingOf(
  definition: Pick<EntityDefinition, 'entity'>,
  tenantId: string,
  item: Item | undefined,
): Promise<Item | undefined> {
  const found = await primaryOf(definition, tenantId, item);
  return isLiving(found) ? found : undefined;
}

/** The same, whether it is living or deleted. */
export async function primaryOf(
  definition: Pick<EntityDefinition, 'entity'>,
  tenantId: string,
  item: Item | undefined,
): Promise<Item | undefined> {
  let found = item;
  for (let hops = 0; hops < longestChain; hops += 1) {
    const next = mergedInto(found);
    if (next === undefined) return found;
    found = await getItem('crm', recordKey(definition, tenantId, next));
  }
  return mergedInto(found) === undefined ? found : undefined;
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
    const id = members[field];
    if (typeof id !== 'string') continue;
    const found = withoutAlias(entity, tenantId, id);
    if (found.id !== id) turned[field] = found.id;
    checks.push(...found.checks);
  }
  return { members: { ...members, ...turned }, checks };
}

/** The same for one id. */
export function withoutAlias(
  entity: EntityName,
  tenantId: string,
  id: string,
): { id: string; checks: PlannedWrite[] } {
  const checks: PlannedWrite[] = [];
  let found = id;
  for (let hops = 0; hops < longestChain; hops += 1) {
    const name = `${tenantId} ${found}`;
    const primaryId = known.get(name);
    if (primaryId === undefined) break;
    checks.push({
      write: {
        kind: 'check',
        table: 'crm',
        key: recordKey({ entity }, tenantId, found),
        condition: { text: 'mergedInto = :primary', values: { ':primary': primaryId } },
      },
      refused: () => {
        known.delete(name);
        return new Problem('conflict', 'The merge was undone meanwhile; try again');
      },
    });
    found = primaryId;
  }
  return { id: found, checks };
}
