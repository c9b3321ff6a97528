import type { JsonSchema } from './definition.ts';
import { keywordKinds } from './schema-keywords.ts';

/** A schema that stands in another one. */
export interface SubSchema {
  keyword: string;
  /** Path from the schema that it stands in, such as `['properties', 'sku']`. */
  path: string[];
  schema: unknown;
}

type SchemaObject = { [keyword: string]: unknown };

export function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/** The schemas directly inside a schema, also what stands in their place but is none. */
export function subSchemas(schema: JsonSchema | SchemaObject): SubSchema[] {
  if (typeof schema === 'boolean') return [];
  return Object.entries(schema).flatMap(([keyword, value]): SubSchema[] => {
    switch (keywordKinds.get(keyword)) {
      case 'schema':
        return [{ keyword, path: [keyword], schema: value }];
      case 'schemas':
        return Array.isArray(value)
          ? value.map((schema, at) => ({ keyword, path: [keyword, String(at)], schema }))
          : [];
      case 'schemaMap':
      case 'patternMap':
        return isObject(value)
          ? Object.entries(value).map(([name, schema]) => ({ keyword, path: [keyword, name], schema }))
          : [];
      default:
        return [];
    }
  });
}

/** The reference tokens of a JSON Pointer (RFC 6901). */
export function tokensOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
