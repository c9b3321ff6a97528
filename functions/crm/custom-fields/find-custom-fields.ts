import type { Key } from '../../shared/dynamo/item.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { notFound } from '../../shared/problem.ts';
import { shortCache } from '../../shared/short-cache.ts';
import {
  type CustomEntity,
  type CustomField,
  type CustomFieldType,
  customEntities,
  customFieldOutput,
} from './custom-field.ts';

/** The fields of one entity, as they are stored: one item, so that their number is bounded and they change as one. */
export interface FieldSet {
  /** Of the item; 0 while there is none. */
  version: number;
  /** By name. */
  fields: CustomField[];
  /** Names of deleted fields with their types: records may still have values of them. */
  deleted: Record<string, CustomFieldType>;
}

export const fieldSetKey = (tenantId: string, entity: CustomEntity): Key => ({
  pk: `${tenantId}#custom-fields`,
  sk: entity,
});

/** The fields of an entity as they stand: one GetItem. */
export async function readFieldSet(tenantId: string, entity: CustomEntity): Promise<FieldSet> {
  const item = await getItem('platform', fieldSetKey(tenantId, entity));
  const { version = 0, fields = [], deleted = {} } = (item ?? {}) as Partial<FieldSet>;
  return { version, fields: fields.map(inOrder), deleted };
}

/** DynamoDB keeps no order in maps; answers have one. */
function inOrder(field: CustomField): CustomField {
  const names = Object.keys(customFieldOutput.shape) as (keyof CustomField)[];
  return Object.fromEntries(names.map((name) => [name, field[name]])) as unknown as CustomField;
}

const cacheSeconds = 30;
const cache = shortCache<FieldSet>(
  (key) => {
    const [tenantId = '', entity] = JSON.parse(key) as [string, CustomEntity];
    return readFieldSet(tenantId, entity);
  },
  { seconds: cacheSeconds },
);
const cacheKey = (tenantId: string, entity: CustomEntity) => JSON.stringify([tenantId, entity]);

/** The fields that writes go by, at most 30 s old. */
export async function knownFields(tenantId: string, entity: CustomEntity): Promise<CustomField[]> {
  return (await cache(cacheKey(tenantId, entity)))?.fields ?? [];
}

/** What has been changed here, or makes a value look wrong, is read again. */
export function forgetFields(tenantId: string, entity: CustomEntity): void {
  cache.forget(cacheKey(tenantId, entity));
}

/** @throws {Problem} `not_found` for an entity without custom fields */
export function requireCustomEntity(name: string): CustomEntity {
  const entity = customEntities.find((candidate) => candidate === name);
  if (!entity) throw notFound(`entity with custom fields (${customEntities.join(', ')})`, name);
  return entity;
}

/** One field. @throws {Problem} `not_found` */
export async function getCustomField(
  tenantId: string,
  entity: CustomEntity,
  name: string,
): Promise<CustomField> {
  const { fields } = await readFieldSet(tenantId, entity);
  const field = fields.find((candidate) => candidate.name === name);
  if (!field) throw notFound(`custom field of ${entity}`, name);
  return field;
}
