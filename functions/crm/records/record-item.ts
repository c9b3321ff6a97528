import { now } from '../../shared/clock.ts';
import type { Item, Key } from '../../shared/dynamo/item.ts';
import { notFound } from '../../shared/problem.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';
import { indexAttributes } from './index-attributes.ts';
import { inOrder } from './member-order.ts';

/** What no id looks like is no record, and DynamoDB would refuse it as a key (empty, or longer than 1 KB). */
const wellFormedId = /^[a-z]{2,5}_[0-9A-Z]{26}$/;

/** The key of a record: all records of an entity in one partition, in the order of their creation. @throws {Problem} `not_found` */
export function recordKey(definition: Pick<EntityDefinition, 'entity'>, tenantId: string, id: string): Key {
  if (!wellFormedId.test(id)) throw notFound(definition.entity, id);
  return { pk: `${tenantId}#${definition.entity}`, sk: id };
}

/** A living record as a table item, with the attributes that put it into the indexes. */
export function toItem(
  definition: EntityDefinition,
  tenantId: string,
  record: CrmRecord,
  requestId: string,
): Item & Key {
  return {
    ...recordKey(definition, tenantId, record.id),
    entity: definition.entity,
    ...Object.fromEntries(
      Object.entries(record).filter(([name, value]) => value !== null && !definition.computed[name]),
    ),
    ...indexAttributes(definition, tenantId, record),
    requestId,
  };
}

/** A table item as callers see it: only the entity's members, `null` for what is not set. */
export function toRecord(definition: EntityDefinition, item: Item): CrmRecord {
  return {
    id: item.id as string,
    version: item.version as number,
    createdAt: item.createdAt as string,
    updatedAt: item.updatedAt as string,
    createdBy: item.createdBy as string,
    updatedBy: item.updatedBy as string,
    ...Object.fromEntries(
      definition.fields.map((field) => [
        field,
        definition.computed[field]?.(item) ??
          inOrder(item[field] ?? definition.defaults[field], definition.memberOrder[field]),
      ]),
    ),
  };
}

/** The record with the members that are not kept, as they are now. */
export function withComputed(definition: EntityDefinition, record: CrmRecord): CrmRecord {
  const computed = Object.entries(definition.computed).map(([field, of]) => [field, of(record)]);
  return { ...record, ...Object.fromEntries(computed) };
}

/** How long a deleted record can be restored, in days; afterwards its TTL removes it. */
export const restorableDays = 30;

/** True when the item is there and not deleted. */
export function isLiving(item: Item | undefined): item is Item {
  return item !== undefined && item.deletedAt === undefined;
}

/** True when a deleted item cannot be restored any more; TTL removes it within days. */
export function isExpired({ ttl }: Item): boolean {
  return Number(ttl) < now().getTime() / 1000;
}

/** The condition that a record is there and not deleted. */
export const livingCondition = 'attribute_exists(pk) AND attribute_not_exists(deletedAt)';
