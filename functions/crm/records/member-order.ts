import type * as z from 'zod/mini';

/** The parts of a zod schema's definition that say what it holds. */
interface Definition {
  type: string;
  innerType?: z.ZodMiniType;
  element?: z.ZodMiniType;
  shape?: Record<string, z.ZodMiniType>;
}

/** The members of the objects in an array, in the order of its schema; undefined for other fields. */
export function elementMembers(schema: z.ZodMiniType): string[] | undefined {
  const { type, element } = held(schema);
  if (type !== 'array' || !element) return undefined;
  const { shape } = held(element);
  return shape && Object.keys(shape);
}

function held(schema: z.ZodMiniType): Definition {
  const definition = schema._zod.def as unknown as Definition;
  return definition.innerType ? held(definition.innerType) : definition;
}

/** DynamoDB keeps no order in maps; answers have one. */
export function inOrder(value: unknown, members: readonly string[] | 'by name' | undefined): unknown {
  if (!members || typeof value !== 'object' || value === null) return value ?? null;
  if (Array.isArray(value)) return value.map((element) => inOrder(element, members));
  const map = value as Record<string, unknown>;
  const names = members === 'by name' ? Object.keys(map).sort() : members.filter((name) => name in map);
  return Object.fromEntries(names.map((name) => [name, map[name]]));
}
