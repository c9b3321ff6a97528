/** What the value of a keyword has to be; the ones with sub-schemas say where those are. */
export type KeywordKind =
  | 'schema'
  | 'schemas'
  | 'schemaMap'
  | 'patternMap'
  | 'type'
  | 'count'
  | 'number'
  | 'divisor'
  | 'text'
  | 'pattern'
  | 'format'
  | 'flag'
  | 'names'
  | 'namesMap'
  | 'values'
  | 'anything'
  | 'reference'
  | 'anchor'
  | 'dialect'
  | 'identity';

/** A compact meta-schema: the keywords of JSON Schema 2020-12 that are understood. */
export const keywordKinds: ReadonlyMap<string, KeywordKind> = new Map<string, KeywordKind>([
  ['$schema', 'dialect'],
  ['$id', 'identity'],
  ['$ref', 'reference'],
  ['$anchor', 'anchor'],
  ['$defs', 'schemaMap'],
  ['$comment', 'text'],
  ['allOf', 'schemas'],
  ['anyOf', 'schemas'],
  ['oneOf', 'schemas'],
  ['not', 'schema'],
  ['if', 'schema'],
  ['then', 'schema'],
  ['else', 'schema'],
  ['dependentSchemas', 'schemaMap'],
  ['prefixItems', 'schemas'],
  ['items', 'schema'],
  ['contains', 'schema'],
  ['properties', 'schemaMap'],
  ['patternProperties', 'patternMap'],
  ['additionalProperties', 'schema'],
  ['propertyNames', 'schema'],
  ['unevaluatedItems', 'schema'],
  ['unevaluatedProperties', 'schema'],
  ['type', 'type'],
  ['const', 'anything'],
  ['enum', 'values'],
  ['multipleOf', 'divisor'],
  ['maximum', 'number'],
  ['exclusiveMaximum', 'number'],
  ['minimum', 'number'],
  ['exclusiveMinimum', 'number'],
  ['maxLength', 'count'],
  ['minLength', 'count'],
  ['pattern', 'pattern'],
  ['maxItems', 'count'],
  ['minItems', 'count'],
  ['uniqueItems', 'flag'],
  ['maxContains', 'count'],
  ['minContains', 'count'],
  ['maxProperties', 'count'],
  ['minProperties', 'count'],
  ['required', 'names'],
  ['dependentRequired', 'namesMap'],
  ['format', 'format'],
  ['title', 'text'],
  ['description', 'text'],
  ['default', 'anything'],
  ['deprecated', 'flag'],
  ['readOnly', 'flag'],
  ['writeOnly', 'flag'],
  ['examples', 'values'],
  ['contentEncoding', 'text'],
  ['contentMediaType', 'text'],
  ['contentSchema', 'anything'],
]);

/** Keywords of other dialects and those that are not supported, with what to write instead. */
export const refusedKeywords: ReadonlyMap<string, string> = new Map([
  ['$dynamicRef', 'is not supported; use $ref'],
  ['$dynamicAnchor', 'is not supported; use $anchor'],
  ['$recursiveRef', 'is not of JSON Schema 2020-12; use $ref'],
  ['$recursiveAnchor', 'is not of JSON Schema 2020-12; use $ref'],
  ['$vocabulary', 'is for meta-schemas'],
  ['id', 'is not of JSON Schema 2020-12; use $id at the root'],
  ['definitions', 'is not of JSON Schema 2020-12; use $defs'],
  ['dependencies', 'is not of JSON Schema 2020-12; use dependentRequired or dependentSchemas'],
  ['additionalItems', 'is not of JSON Schema 2020-12; use prefixItems and items'],
  ['nullable', 'is not of JSON Schema; use a type such as ["string", "null"]'],
  ['example', 'is not of JSON Schema; use examples'],
]);

/** Names of one's own, which say nothing about what is valid. */
export const isExtension = (keyword: string) => keyword.startsWith('x-');

/** Keywords whose sub-schemas look at the same value again, not at a part of it. */
export const inPlaceKeywords: ReadonlySet<string> = new Set([
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
]);

export const typeNames = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string'] as const;

/** The dialect that `$schema` may name. */
export const dialect = 'https://json-schema.org/draft/2020-12/schema';
