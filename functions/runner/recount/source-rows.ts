import type { FollowedEntity } from '../../shared/counted-fields.ts';
import type { Item, Key } from '../../shared/dynamo/item.ts';
import { batchGetItems, queryPage } from '../../shared/dynamo/table.ts';
import { createdPartition } from '../../tasks/indexes/index-keys.ts';
import { taskKey } from '../../tasks/task.ts';

/** Rows of a page, and whether there are more. */
export interface SourceRows {
  items: Item[];
  /** The id of the last row that was looked at; absent at the end. */
  next?: string;
}

/** The table that an entity's own items are in, and their keys. */
export function sourceOf(tenantId: string, entity: FollowedEntity) {
  return entity === 'task'
    ? { table: 'tasks' as const, keyOf: (id: string): Key => taskKey(tenantId, id) }
    : { table: 'crm' as const, keyOf: (id: string): Key => ({ pk: `${tenantId}#${entity}`, sk: id }) };
}

/**
 * The records of an entity in the order of their ids, deleted ones among them: one Query, for tasks of an index and
 * with a BatchGetItem for each hundred.
 * @param position the id after which to go on
 */
export async function readRows(
  tenantId: string,
  entity: FollowedEntity,
  position: string,
  limit: number,
): Promise<SourceRows> {
  return entity === 'task'
    ? readTasks(tenantId, position, limit)
    : readRecords(tenantId, entity, position, limit);
}

async function readRecords(
  tenantId: string,
  entity: FollowedEntity,
  position: string,
  limit: number,
): Promise<SourceRows> {
  const { items, lastKey } = await queryPage({
    table: 'crm',
    key: {
      text: 'pk = :pk AND sk > :position',
      // DynamoDB compares with no empty key; every id comes after a space.
      values: { ':pk': `${tenantId}#${entity}`, ':position': position || ' ' },
    },
    limit,
    consistent: true,
  });
  return { items, ...(lastKey && { next: String(lastKey.sk) }) };
}

async function readTasks(tenantId: string, position: string, limit: number): Promise<SourceRows> {
  const { items: keys, lastKey } = await queryPage({
    table: 'tasks',
    index: 'byCreated',
    key: {
      text: 'createdPk = :pk AND sortId > :position',
      values: { ':pk': createdPartition(tenantId), ':position': position || ' ' },
    },
    limit,
  });
  const items = await batchGetItems(
    'tasks',
    keys.map(({ pk, sk }) => ({ pk: String(pk), sk: String(sk) })),
    { consistent: true },
  );
  return { items, ...(lastKey && { next: String(lastKey.sortId) }) };
}
