import { type CustomFieldType, customEntities } from '../../crm/custom-fields/custom-field.ts';
import { readFieldSet } from '../../crm/custom-fields/find-custom-fields.ts';
import type { EntityDefinition } from '../../crm/records/entity.ts';
import type { CellKind } from '../../tasks/imports/record-columns.ts';

/** How the cells of each custom field are read, by the field's name. */
export type CustomKinds = ReadonlyMap<string, CellKind>;

/** The tenant's custom fields as they are at this moment: one GetItem, where the entity has any. */
export async function customKinds({ entity }: EntityDefinition, tenantId: string): Promise<CustomKinds> {
  const custom = customEntities.find((candidate) => candidate === entity);
  const { fields } = custom ? await readFieldSet(tenantId, custom) : { fields: [] };
  return new Map(fields.map(({ name, type }) => [name, kindOf(type)]));
}

function kindOf(type: CustomFieldType): CellKind {
  switch (type) {
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'multiselect':
      return 'list';
    default:
      return 'text';
  }
}
