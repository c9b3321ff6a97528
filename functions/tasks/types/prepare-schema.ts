import type { JsonSchema } from './definition.ts';
import { keywordKinds } from './schema-keywords.ts';
import { subSchemas, tokensOf } from './schema-walk.ts';

type SchemaObject = { [keyword: string]: unknown };

/** A registered schema as the validator gets it. */
export interface PreparedSchema {
  root: JsonSchema;
  /** What each `$ref` of it means. */
  lookup: Record<string, JsonSchema>;
  /** Arrays that must not hold anything twice, by the way to them; checked by us (unique-items.ts). */
  unique: UniquePath[];
  /** Schemas in it: what a value costs to check, in proportion. */
  weight: number;
  /**
   * The cost may grow faster than schema times value: a schema is used in several places, an array is compared
   * item by item, or a pattern is slow on some texts.
   */
  costly: boolean;
}

/** From the root to an array: member names, and `each` for all items from an index on. */
export type UniquePath = (string | { each: number })[];

/** Keywords that say nothing about what is valid, and those that `$ref` makes superfluous. */
const leftOut = new Set([
  '$schema',
  '$id',
  '$anchor',
  '$defs',
  '$comment',
  'title',
  'description',
  'default',
  'deprecated',
  'readOnly',
  'writeOnly',
  'examples',
  'contentEncoding',
  'contentMediaType',
  'contentSchema',
]);

interface Preparation {
  source: JsonSchema;
  anchors: Map<string, JsonSchema>;
  /** Shared copies of the schemas that are referred to. */
  shared: Map<unknown, string>;
  /** Schemas whose copies are being made for the place that refers to them. */
  open: Set<unknown>;
  references: number;
  prepared: PreparedSchema;
}

/** Up to this many schemas, a reference gets a copy for its own place. */
const maxPlacedWeight = 2_000;

/**
 * A copy of a checked schema that the validator can work with: references by number, so that no name or URI can
 * lead astray; nothing that does not matter; numbers as doubles; patterns not tried on texts that are too long.
 */
export function prepareSchema(source: JsonSchema): PreparedSchema {
  const prepared: PreparedSchema = {
    root: true,
    lookup: Object.create(null) as Record<string, JsonSchema>,
    unique: [],
    weight: 0,
    costly: false,
  };
  const preparation: Preparation = {
    source,
    anchors: new Map(),
    shared: new Map(),
    open: new Set(),
    references: 0,
    prepared,
  };
  collectAnchors(source, preparation.anchors);
  prepared.root = copySchema(source, [], preparation);
  return prepared;
}

function collectAnchors(schema: JsonSchema, anchors: Map<string, JsonSchema>): void {
  if (typeof schema === 'boolean') return;
  if (typeof schema.$anchor === 'string') anchors.set(schema.$anchor, schema);
  for (const inner of subSchemas(schema)) collectAnchors(inner.schema as JsonSchema, anchors);
}

/** @param path the way to the values that the schema must hold for; undefined where it only may (`anyOf` …) */
function copySchema(schema: JsonSchema, path: UniquePath | undefined, preparation: Preparation): JsonSchema {
  preparation.prepared.weight += 1;
  if (typeof schema === 'boolean') return schema;
  const copy: SchemaObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (leftOut.has(keyword) || !keywordKinds.has(keyword)) continue;
    if (keyword === '$ref') copy.$ref = refer(value as string, path, preparation);
    else if (keyword === 'uniqueItems' && path) {
      if (value === true) noteUnique(path, preparation.prepared);
    } else copy[keyword] = copyKeyword(keyword, value, schema, path, preparation);
  }
  const slow = schema.pattern !== undefined && schema.maxLength !== undefined;
  if (slow || copy.uniqueItems === true) preparation.prepared.costly = true;
  return slow ? sparingPattern(copy) : copy;
}

function copyKeyword(
  keyword: string,
  value: unknown,
  schema: SchemaObject,
  path: UniquePath | undefined,
  preparation: Preparation,
): unknown {
  const inner = (at: string | { each: number } | undefined) =>
    path && (at === undefined ? path : [...path, at]);
  const copy = (child: unknown, at?: UniquePath) => copySchema(child as JsonSchema, at, preparation);
  switch (keywordKinds.get(keyword)) {
    case 'schemas':
      return (value as unknown[]).map((child) =>
        copy(child, keyword === 'allOf' ? inner(undefined) : undefined),
      );
    case 'schemaMap':
    case 'patternMap':
      return mapMembers(value as SchemaObject, (child, name) =>
        copy(child, keyword === 'properties' ? inner(name) : undefined),
      );
    case 'schema': {
      const from = Array.isArray(schema.prefixItems) ? schema.prefixItems.length : 0;
      return copy(value, keyword === 'items' ? inner({ each: from }) : undefined);
    }
    case 'values':
      return quiet(value as unknown[]);
    default:
      return plainNumbers(value);
  }
}

/** The validator writes all values of an `enum` into each of its messages, which we do not use. */
function quiet(values: unknown[]): unknown[] {
  return Object.defineProperty([...(plainNumbers(values) as unknown[])], 'toJSON', { value: () => '…' });
}

/** Each array is checked once, however many schemas ask for it. */
function noteUnique(path: UniquePath, { unique }: PreparedSchema): void {
  const text = JSON.stringify(path);
  if (!unique.some((known) => JSON.stringify(known) === text)) unique.push(path);
}

/**
 * The name of a copy of the schema that is referred to: one for the very place, so that its arrays can have our
 * own check there; or the one that all other references share, which ends recursion and multiplication.
 */
function refer(reference: string, path: UniquePath | undefined, preparation: Preparation): string {
  const { shared, open, prepared } = preparation;
  const target = targetOf(reference, preparation);
  const placed = path !== undefined && !open.has(target) && prepared.weight < maxPlacedWeight;
  const known = shared.get(target);
  if (!placed && known !== undefined) {
    prepared.costly = true;
    return known;
  }
  const name = `#${preparation.references}`;
  preparation.references += 1;
  if (!placed) {
    shared.set(target, name);
    prepared.lookup[name] = copySchema(target, undefined, preparation);
    return name;
  }
  open.add(target);
  prepared.lookup[name] = copySchema(target, path, preparation);
  open.delete(target);
  return name;
}

function targetOf(reference: string, { source, anchors }: Preparation): JsonSchema {
  const fragment = decodeURIComponent(reference.slice(1));
  if (fragment !== '' && !fragment.startsWith('/')) return anchors.get(fragment) as JsonSchema;
  let target: unknown = source;
  for (const token of tokensOf(fragment)) target = (target as Record<string, unknown>)[token];
  return target as JsonSchema;
}

/** The validator tries a pattern on texts of any length; where a length is given, this keeps it from that. */
function sparingPattern({ pattern, ...rest }: SchemaObject): SchemaObject {
  const sparing = { if: { minLength: (rest.maxLength as number) + 1 }, else: { pattern } };
  return { ...rest, allOf: [...((rest.allOf as unknown[] | undefined) ?? []), sparing] };
}

function mapMembers(
  object: SchemaObject,
  change: (value: unknown, name: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));
}

/** A value with doubles in place of numbers kept as text (json.ts); the same value when it has none. */
export function plainNumbers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (JSON.isRawJSON(value)) return clamp(Number(value.rawJSON));
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (const [at, member] of value.entries()) {
      const plain = plainNumbers(member);
      if (plain === member) continue;
      copy ??= [...value];
      copy[at] = plain;
    }
    return copy ?? value;
  }
  let changed = false;
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => {
    const plain = plainNumbers(member);
    changed ||= plain !== member;
    return [name, plain];
  });
  return changed ? Object.fromEntries(entries) : value;
}

/** 1e400 is a whole number, and infinity is none. */
function clamp(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}
