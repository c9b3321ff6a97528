import type { EntityDefinition } from '../../crm/records/entity.ts';
import { isLiving, recordKey, toRecord } from '../../crm/records/record-item.ts';
import { guardKey } from '../../crm/records/unique-guard.ts';
import type { Item, Key } from '../../shared/dynamo/item.ts';
import { batchGetItems } from '../../shared/dynamo/table.ts';
import { Problem } from '../../shared/problem.ts';
import type { Existing, ImportContext, ReadRow } from './import-context.ts';

/**
 * The living records that rows are about, in the order of the rows: one BatchGetItem for each hundred guards of
 * unique values, and one for each hundred records. Rows that match by id need the second only.
 */
export async function findExisting(rows: ReadRow[], { plan, task }: ImportContext): Promise<Existing[]> {
  const { definition, matchBy } = plan;
  const { tenantId } = task;
  const unique = definition.unique.find(({ field }) => field === matchBy);
  const guards = rows.map(({ match }) =>
    unique && match !== undefined && unique.normalise(match) !== ''
      ? guardKey(definition, tenantId, unique, match)
      : undefined,
  );
  const taken = await readAll(guards);
  const keys = rows.map(({ match }, at) => {
    const id = unique ? taken(guards[at])?.recordId : match;
    return id === undefined ? undefined : keyOf(definition, tenantId, String(id));
  });
  const records = await readAll(keys);
  return keys.map((key) => {
    const item = records(key);
    return isLiving(item) ? toRecord(definition, item) : undefined;
  });
}

/** What no id looks like is no record. */
function keyOf(definition: EntityDefinition, tenantId: string, id: string): Key | undefined {
  try {
    return recordKey(definition, tenantId, id);
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

/** Reads keys, each once. @returns what finds the item of a key */
export async function readAll(
  keys: (Key | undefined)[],
): Promise<(key: Key | undefined) => Item | undefined> {
  const wanted = new Map(keys.flatMap((key) => (key ? [[nameOf(key), key] as const] : [])));
  const items = await batchGetItems('crm', [...wanted.values()], { consistent: true });
  const found = new Map(items.map((item) => [nameOf(item as Item & Key), item]));
  return (key) => (key ? found.get(nameOf(key)) : undefined);
}

const nameOf = ({ pk, sk }: Key) => `${pk} ${sk}`;
