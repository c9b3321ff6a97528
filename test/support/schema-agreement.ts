import {
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLType,
  getNamedType,
} from 'graphql';
import * as z from 'zod/mini';

type Composite = GraphQLObjectType | GraphQLInputObjectType;

interface Definition {
  type: string;
  innerType?: z.ZodMiniType;
  in?: z.ZodMiniType;
  element?: z.ZodMiniType;
  shape?: Record<string, z.ZodMiniType>;
  entries?: Record<string, string>;
  format?: string;
}

const definitionOf = (schema: z.ZodMiniType) => schema._zod.def as unknown as Definition;

/** What a schema holds, below optional, nullable, default and pipe. */
function held(schema: z.ZodMiniType): z.ZodMiniType {
  const { type, innerType, in: piped } = definitionOf(schema);
  if (innerType) return held(innerType);
  return type === 'pipe' && piped ? held(piped) : schema;
}

/** The scalars that can stand for what a schema holds. */
function scalarsFor(schema: z.ZodMiniType, isInput: boolean): string[] {
  const { type, format } = definitionOf(schema);
  if (type === 'boolean') return ['Boolean'];
  if (type === 'record' || type === 'unknown' || type === 'any') return ['AWSJSON'];
  if (type === 'string') {
    if (format === 'date') return ['AWSDate'];
    return format === 'datetime' ? ['AWSDateTime'] : ['String', 'ID', 'AWSDateTime', 'AWSEmail'];
  }
  if (type !== 'number' && type !== 'int') return [];
  // GraphQL's Int ends at 2^31; what a record counts of itself does not get there.
  const isAmount = z.globalRegistry.get(schema)?.description?.includes('minor unit') ?? false;
  return isAmount || (isInput && schema.safeParse(2 ** 31).success) ? ['Float'] : ['Int', 'Float'];
}

/**
 * Where an object type of the GraphQL schema and a schema of the REST API differ, in words; nothing when they agree in
 * members, in what may be left out, in types and enumerations, all the way down.
 * @param relations fields of the type that are no members
 */
export function disagreements(
  type: Composite,
  schema: z.ZodMiniType,
  relations: readonly string[] = [],
): string[] {
  const fields = type.getFields();
  const shape = definitionOf(held(schema)).shape ?? {};
  const names = Object.keys(fields).filter((name) => !relations.includes(name));
  const strange = names.filter((name) => !Object.hasOwn(shape, name));
  return [
    ...strange.map((name) => `${type.name}.${name} is nothing in REST`),
    ...Object.entries(shape).flatMap(([name, member]) => {
      const field = names.includes(name) ? fields[name] : undefined;
      const at = `${type.name}.${name}`;
      if (!field) return [`${at} is missing`];
      const optional = member.safeParse(undefined).success || member.safeParse(null).success;
      const nullable = !(field.type instanceof GraphQLNonNull);
      return [
        ...(optional === nullable ? [] : [`${at} must ${optional ? '' : 'not '}be nullable`]),
        ...differences(at, field.type, member, type instanceof GraphQLInputObjectType),
      ];
    }),
  ];
}

function differences(at: string, given: GraphQLType, member: z.ZodMiniType, isInput: boolean): string[] {
  const type = given instanceof GraphQLNonNull ? given.ofType : given;
  const schema = held(member);
  const { type: kind, element, entries } = definitionOf(schema);
  if (type instanceof GraphQLList || kind === 'array') {
    if (!(type instanceof GraphQLList && element)) return [`${at} must ${element ? '' : 'not '}be a list`];
    return differences(at, type.ofType, element, isInput);
  }
  if (type instanceof GraphQLObjectType || type instanceof GraphQLInputObjectType) {
    return kind === 'object' ? disagreements(type, schema) : [`${at} is no object in REST`];
  }
  if (type instanceof GraphQLEnumType) {
    const values = type.getValues().map(({ name }) => name);
    const wanted = Object.values(entries ?? {});
    return values.sort().join() === wanted.sort().join() ? [] : [`${at} must be one of ${wanted}`];
  }
  const scalars = kind === 'enum' ? ['String'] : scalarsFor(schema, isInput);
  return scalars.includes(getNamedType(type).name) ? [] : [`${at} must be ${scalars.join(' or ')}`];
}
