import type { EntityDefinition } from '../../crm/records/entity.ts';
import { baseColumns } from '../imports/record-columns.ts';

/**
 * The columns of a file of records as paths: objects by their members, custom fields by their names.
 * @param customNames of the tenant's custom fields
 * @param fields members or paths, in their order; all when absent
 */
export function readableColumns(
  definition: EntityDefinition,
  customNames: readonly string[],
  fields?: readonly string[],
): string[] {
  const [id = 'id', ...base] = baseColumns;
  const wanted = fields ?? [id, ...definition.fields, ...base];
  return wanted.flatMap((field) => {
    const members = definition.nested[field];
    if (!members) return [field];
    return (members === 'by name' ? customNames : members).map((name) => `${field}.${name}`);
  });
}
