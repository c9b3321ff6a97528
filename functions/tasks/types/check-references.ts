import type { ProblemDetail } from '../../shared/problem.ts';
import { toPointer } from '../../shared/validation.ts';
import type { JsonSchema } from './definition.ts';
import { inPlaceKeywords } from './schema-keywords.ts';
import { isObject, subSchemas, tokensOf } from './schema-walk.ts';

/** Schemas that checking one value may come to, when every reference is followed: bounds the work for each value. */
const maxExpanded = 2_000;

/** Where the schemas of a definition are, and where its references lead. */
interface SchemaMap {
  /** By path from the root. */
  byPointer: Map<string, JsonSchema>;
  byAnchor: Map<string, string>;
  findings: ProblemDetail[];
}

/**
 * References must lead to a schema of the same definition, must not go in a circle without looking at a part of
 * the value, and must not multiply (`allOf` of references to `allOf` of references …).
 * @param at pointer of the definition in the body
 */
export function checkReferences(root: JsonSchema, at: string): ProblemDetail[] {
  const map: SchemaMap = { byPointer: new Map(), byAnchor: new Map(), findings: [] };
  collect(root, '', map, at);
  if (map.findings.length > 0) return map.findings;
  for (const [pointer, schema] of map.byPointer) {
    if (typeof schema !== 'object' || typeof schema.$ref !== 'string') continue;
    if (targetOf(schema.$ref, map) === undefined) {
      map.findings.push({
        pointer: `${at}${pointer}/$ref`,
        code: 'unknown_reference',
        message: `leads nowhere: ${JSON.stringify(schema.$ref.slice(0, 100))} names no schema in this definition`,
      });
    }
  }
  return map.findings.length > 0 ? map.findings : checkExpansion(map, at);
}

function collect(schema: JsonSchema, pointer: string, map: SchemaMap, at: string): void {
  map.byPointer.set(pointer, schema);
  if (typeof schema === 'object' && typeof schema.$anchor === 'string') {
    if (map.byAnchor.has(schema.$anchor)) {
      map.findings.push({
        pointer: `${at}${pointer}/$anchor`,
        code: 'duplicate',
        message: 'is the anchor of another schema too',
      });
    }
    map.byAnchor.set(schema.$anchor, pointer);
  }
  for (const { path, schema: inner } of subSchemas(schema)) {
    collect(inner as JsonSchema, pointer + toPointer(path), map, at);
  }
}

/** The path of the schema that a reference names, from the root. */
function targetOf(reference: string, { byPointer, byAnchor }: SchemaMap): string | undefined {
  const fragment = reference.slice(1);
  if (fragment !== '' && !fragment.startsWith('/')) return byAnchor.get(fragment);
  const pointer = decodeFragment(fragment);
  return pointer !== undefined && byPointer.has(pointer) ? pointer : undefined;
}

function decodeFragment(fragment: string): string | undefined {
  try {
    return toPointer(tokensOf(decodeURIComponent(fragment)));
  } catch {
    return undefined;
  }
}

/** Counts, for each schema, what is looked at for one value: itself and all that applies in its place. */
function checkExpansion(map: SchemaMap, at: string): ProblemDetail[] {
  const counts = new Map<string, number>();
  const open = new Set<string>();
  const findings: ProblemDetail[] = [];
  const count = (pointer: string): number => {
    const known = counts.get(pointer);
    if (known !== undefined) return known;
    if (open.has(pointer)) {
      throw new Finding(
        pointer,
        'endless',
        'refers to itself without looking at a part of the value, without end',
      );
    }
    open.add(pointer);
    const schema = map.byPointer.get(pointer) as JsonSchema;
    let total = 1;
    for (const { keyword, path } of subSchemas(schema)) {
      if (inPlaceKeywords.has(keyword)) total += count(pointer + toPointer(path));
    }
    if (isObject(schema) && typeof schema.$ref === 'string') {
      total += count(targetOf(schema.$ref, map) as string);
    }
    open.delete(pointer);
    if (total > maxExpanded) {
      throw new Finding(
        pointer,
        'too_complex',
        `looks at more than ${maxExpanded} schemas for one value, its references followed; refer to fewer`,
      );
    }
    counts.set(pointer, total);
    return total;
  };
  try {
    for (const pointer of map.byPointer.keys()) count(pointer);
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    findings.push({ pointer: `${at}${error.pointer}`, code: error.code, message: error.message });
  }
  return findings;
}

class Finding extends Error {
  readonly pointer: string;
  readonly code: string;

  constructor(pointer: string, code: string, message: string) {
    super(message);
    this.pointer = pointer;
    this.code = code;
  }
}
