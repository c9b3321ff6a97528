import { nearestName } from '../../shared/nearest-name.ts';
import type { ProblemDetail } from '../../shared/problem.ts';
import { toPointer } from '../../shared/validation.ts';
import { checkKeyword } from './check-keyword.ts';
import { checkPatterns } from './check-pattern.ts';
import { checkReferences } from './check-references.ts';
import type { JsonSchema } from './definition.ts';
import { isExtension, keywordKinds, refusedKeywords } from './schema-keywords.ts';
import { isObject, subSchemas } from './schema-walk.ts';

/** A definition has two of these in two items, and DynamoDB ends an item at 400 KB. */
export const maxSchemaBytes = 64 * 1024;
/** Schemas inside one another. */
const maxSchemaDepth = 32;
const maxSubSchemas = 1_000;
/** Findings that are told; further ones come up when these are mended. */
const maxFindings = 20;

/**
 * What is wrong with a schema that a caller sends: its form, its references, its patterns.
 * @param at pointer of the schema in the body, such as `/inputSchema`
 */
export function checkSchema(schema: JsonSchema, at: string): ProblemDetail[] {
  const size = Buffer.byteLength(JSON.stringify(schema));
  if (size > maxSchemaBytes) {
    const message = `has ${size} bytes and the limit is ${maxSchemaBytes}`;
    return [{ pointer: at, code: 'too_large', message }];
  }
  const walk: Walk = { at, schemas: 0, findings: [] };
  checkForm(schema, '', 1, walk);
  if (walk.findings.length > 0) return walk.findings.slice(0, maxFindings);
  const findings = checkReferences(schema, at);
  return findings.length > 0 ? findings.slice(0, maxFindings) : checkPatterns(schema, at);
}

interface Walk {
  at: string;
  schemas: number;
  findings: ProblemDetail[];
}

function checkForm(schema: JsonSchema, pointer: string, depth: number, walk: Walk): void {
  walk.schemas += 1;
  const note = (path: string, code: string, message: string) =>
    walk.findings.push({ pointer: `${walk.at}${pointer}${path}`, code, message });
  if (walk.schemas > maxSubSchemas) {
    if (walk.schemas === maxSubSchemas + 1) {
      note('', 'too_complex', `has more than ${maxSubSchemas} schemas inside`);
    }
    return;
  }
  if (depth > maxSchemaDepth) {
    note(
      '',
      'too_complex',
      `has schemas nested deeper than ${maxSchemaDepth}; put some into $defs and refer to them`,
    );
    return;
  }
  if (typeof schema === 'boolean') return;
  for (const [keyword, value] of Object.entries(schema)) {
    if (walk.findings.length >= maxFindings) return;
    if (isExtension(keyword)) continue;
    const path = toPointer([keyword]);
    const kind = keywordKinds.get(keyword);
    const refused = refusedKeywords.get(keyword);
    if (refused !== undefined) note(path, 'unsupported_keyword', refused);
    else if (kind === undefined) note(path, 'unknown_keyword', unknownKeyword(keyword));
    else if (kind === 'identity' && pointer !== '')
      note(path, 'unsupported_keyword', 'can stand at the root only');
    else {
      for (const fault of checkKeyword(kind, value)) note(path + fault.path, 'invalid_schema', fault.message);
    }
  }
  for (const { path, schema: inner } of subSchemas(schema)) {
    if (typeof inner === 'boolean' || isObject(inner)) {
      checkForm(inner as JsonSchema, pointer + toPointer(path), depth + 1, walk);
    }
  }
}

function unknownKeyword(keyword: string): string {
  const near = nearestName(keyword.slice(0, 64), [...keywordKinds.keys()]);
  const hint = near ? `did you mean ${near}?` : 'begin names of your own with x-';
  return `is no keyword of JSON Schema 2020-12; ${hint}`;
}
