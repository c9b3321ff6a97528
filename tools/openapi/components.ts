import type { ZodMiniType } from 'zod/mini';
import * as z from 'zod/mini';
import type { Route } from '../../functions/shared/route.ts';
import { schemaNames } from './schema-names.ts';

export type JsonSchema = Record<string, unknown>;

/** The named schemas of the document and where each of the routes' schemas went. */
export interface Components {
  schemas: Record<string, JsonSchema>;
  reference(schema: ZodMiniType): { $ref: string };
}

const uri = (name: string) => `#/components/schemas/${name}`;

/** Turns every body and answer of the routes into a named JSON Schema. */
export function componentsOf(routes: readonly Route[]): Components {
  const bodies = schemaNames(routes, 'body');
  const answers = schemaNames(routes, 'response');
  const names = new Map([...answers, ...bodies]);
  return {
    schemas: { ...convert(answers, 'open'), ...convert(bodies, 'closed') },
    reference(schema) {
      const name = names.get(schema);
      if (!name) throw new Error('a schema of the route table has no name');
      return { $ref: uri(name) };
    },
  };
}

/** Answers may gain members, so only what callers send is closed. */
function convert(names: Map<ZodMiniType, string>, objects: 'open' | 'closed'): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of names) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    // The input side of answers too: what a transform gives has no JSON Schema, and ours only normalise.
    io: 'input',
    uri,
    unrepresentable: 'any',
    override({ jsonSchema }) {
      if (objects === 'open') delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $id, $schema, ...schema }]) => [name, schema as JsonSchema]),
  );
}

/** The members of an object schema with their own schemas, e.g. the query parameters of a route. */
export function membersOf(schema: ZodMiniType): { name: string; schema: JsonSchema; required: boolean }[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, member]) => ({
    name,
    schema: member as JsonSchema,
    required: required.includes(name),
  }));
}
