import type * as z from 'zod/mini';
import type { EntityDefinition } from '../../crm/records/entity.ts';
import { isPlainObject } from '../../shared/merge-patch.ts';

/**
 * How a cell holds a value: `list` is texts between semicolons (or a JSON array), `json` is JSON text, `custom` a
 * custom field, whose own type decides.
 */
export type CellKind = 'text' | 'number' | 'boolean' | 'list' | 'json' | 'custom';

/** A member of a record as a column of a file. */
export interface RecordColumn {
  /** The member's name, dotted for members of objects: `address.city`, `custom.size`. */
  path: string;
  kind: CellKind;
}

/** What every record has and no file can set. */
export const baseColumns = ['id', 'version', 'createdAt', 'updatedAt', 'createdBy', 'updatedBy'];

/** Custom fields have the names that the tenant gives them. */
const customPath = /^custom\.[^.]+$/;

/** The columns that a file can fill, objects by their members; custom fields are not among them. */
export function writableColumns({ input }: EntityDefinition): RecordColumn[] {
  return Object.entries(shapeOf(input)).flatMap(([field, schema]) => {
    const inner = unwrap(schema);
    const members = inner?._zod.def.type === 'object' ? Object.entries(shapeOf(inner)) : undefined;
    if (members) return members.map(([name, of]) => ({ path: `${field}.${name}`, kind: kindOf(of) }));
    return isOpen(inner) ? [] : [{ path: field, kind: kindOf(schema) }];
  });
}

/** The column that a path names, if a file can fill it. */
export function writableColumn(definition: EntityDefinition, path: string): RecordColumn | undefined {
  const custom = hasCustomFields(definition) && customPath.test(path);
  if (custom) return { path, kind: 'custom' };
  return writableColumns(definition).find((column) => column.path === path);
}

/** True for columns of an export that an import leaves alone, since nobody sets them. */
export function isReadOnly(definition: EntityDefinition, path: string): boolean {
  const [field = ''] = path.split('.');
  const derived = definition.fields.includes(field) && !Object.hasOwn(shapeOf(definition.input), field);
  return baseColumns.includes(path) || derived;
}

/** A value as it can be sent: answers give the lines of an order with amounts that nobody sets. */
export function withoutComputed({ input, output }: EntityDefinition, field: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [taken, answered] = [input, output].map((schema) =>
    shapeOf(unwrap(defOf(unwrap(shapeOf(schema)[field]))?.element)),
  ) as [Record<string, Schema>, Record<string, Schema>];
  const isComputed = (name: string) => Object.hasOwn(answered, name) && !Object.hasOwn(taken, name);
  return value.map((member) =>
    isPlainObject(member)
      ? Object.fromEntries(Object.entries(member).filter(([name]) => !isComputed(name)))
      : member,
  );
}

/** True when records of the entity have fields of the tenant's own. */
export function hasCustomFields({ input }: EntityDefinition): boolean {
  return isOpen(unwrap(shapeOf(input).custom));
}

type Schema = z.ZodMiniType;

interface Definition {
  type: string;
  innerType?: Schema;
  in?: Schema;
  element?: Schema;
  shape?: Record<string, Schema>;
}

const defOf = (schema: Schema | undefined) => schema?._zod.def as Definition | undefined;

function shapeOf(schema: Schema | undefined): Record<string, Schema> {
  return defOf(schema)?.shape ?? {};
}

function unwrap(schema: Schema | undefined): Schema | undefined {
  let at = schema;
  for (let inner = at; inner !== undefined; inner = defOf(at)?.innerType ?? defOf(at)?.in) at = inner;
  return at;
}

/** An object whose members the schema does not name. */
function isOpen(schema: Schema | undefined): boolean {
  return defOf(schema)?.type === 'record';
}

function kindOf(schema: Schema): CellKind {
  const inner = unwrap(schema);
  switch (defOf(inner)?.type) {
    case 'number':
    case 'int':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return kindOf(defOf(inner)?.element as Schema) === 'text' ? 'list' : 'json';
    case 'string':
    case 'enum':
    case 'literal':
      return 'text';
    default:
      return 'json';
  }
}
