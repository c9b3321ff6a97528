import type { JsonSchema } from './definition.ts';
import type { PreparedSchema } from './prepare-schema.ts';
import { isObject, tokensOf } from './schema-walk.ts';

/** A place in a value. */
export interface Place {
  pointer: string;
  value: unknown;
}

/** The schema that has the keyword at the end of a location, as the validator writes locations. */
export function locateSchema(
  { root, lookup }: PreparedSchema,
  location: string,
): Record<string, unknown> | undefined {
  let current: unknown = root;
  for (const token of tokensOf(location).slice(0, -1)) {
    if (!isObject(current) && !Array.isArray(current)) return undefined;
    const members = current as Record<string, unknown>;
    current = members[token] ?? members[decoded(token)];
    if (token === '$ref' && typeof current === 'string') current = lookup[current] as JsonSchema;
  }
  return isObject(current) ? current : undefined;
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}
