import type { OutputUnit } from '@cfworker/json-schema';
import type { ProblemDetail } from '../../shared/problem.ts';
import { toPointer } from '../../shared/validation.ts';
import { locateSchema, type Place } from './locate-schema.ts';
import type { PreparedSchema } from './prepare-schema.ts';
import { tokensOf } from './schema-walk.ts';

/** Findings that are told of one value. */
export const maxFindings = 20;

/** Causes that are looked at: some say the same. */
const maxCauses = 2 * maxFindings;

/** Keywords whose errors are told by the errors of what they contain. */
const wrappers = new Set([
  '$ref',
  'allOf',
  'properties',
  'patternProperties',
  'additionalProperties',
  'unevaluatedProperties',
  'propertyNames',
  'items',
  'prefixItems',
  'unevaluatedItems',
  'dependentSchemas',
  'if',
]);

/** The validator's errors as findings: the causes, not what follows from them. */
export function describeErrors(
  errors: OutputUnit[],
  value: unknown,
  prepared: PreparedSchema,
  at: string,
): ProblemDetail[] {
  const findings: ProblemDetail[] = [];
  const seen = new Set<string>();
  for (const cause of causes(errors)) {
    const finding = describe(cause, value, prepared, at);
    const key = `${finding.pointer} ${finding.message}`;
    if (!seen.has(key)) findings.push(finding);
    seen.add(key);
    if (findings.length === maxFindings) break;
  }
  return findings;
}

function causes(errors: OutputUnit[]): OutputUnit[] {
  const found: OutputUnit[] = [];
  for (let index = 0; index < errors.length && found.length < maxCauses; index += 1) {
    const error = errors[index] as OutputUnit;
    if (isInside(error, 'contains') || wrappers.has(error.keyword)) continue;
    if (error.keyword !== 'anyOf' && error.keyword !== 'oneOf') {
      found.push(error);
      continue;
    }
    const branches = branchErrors(error, errors, index + 1);
    index += branches.flat().length;
    const closest = closestBranch(error, branches);
    if (closest) found.push(...causes(closest));
    else found.push(error);
  }
  return found;
}

/** True for errors of what a keyword contains, which may be met by other items. */
function isInside({ keywordLocation }: OutputUnit, keyword: string): boolean {
  const tokens = tokensOf(keywordLocation);
  for (let at = 0; at < tokens.length - 1; at += 1) {
    const token = tokens[at] as string;
    if (token === keyword) return true;
    if (['properties', 'patternProperties', 'dependentSchemas'].includes(token)) at += 1;
  }
  return false;
}

/** The errors of each branch that failed; they follow the error of their `anyOf`. */
function branchErrors({ keywordLocation }: OutputUnit, errors: OutputUnit[], from: number): OutputUnit[][] {
  const branches: OutputUnit[][] = [];
  const prefix = `${keywordLocation}/`;
  let current: OutputUnit[] | undefined;
  for (let index = from; index < errors.length; index += 1) {
    const error = errors[index] as OutputUnit;
    if (error.keywordLocation.startsWith(prefix)) {
      const branch = Number.parseInt(error.keywordLocation.slice(prefix.length), 10);
      branches[branch] ??= [];
      current = branches[branch];
    } else if (error.keyword !== 'false') break;
    // The error of a schema `false` does not say where it stands; it follows the one that led there.
    current ??= [];
    current.push(error);
  }
  return branches.filter(Boolean);
}

/** The branch that was meant, when only one is of the right kind. */
function closestBranch({ keyword, error, instanceLocation }: OutputUnit, branches: OutputUnit[][]) {
  if (keyword === 'oneOf' && !error.endsWith('(0 matches).')) return undefined;
  const depth = tokensOf(instanceLocation).length;
  const meant = branches.filter((branch) =>
    branch.every((inner) => {
      const below = tokensOf(inner.instanceLocation).length - depth;
      if (inner.keyword === 'type') return below > 0;
      return (inner.keyword !== 'const' && inner.keyword !== 'enum') || below > 1;
    }),
  );
  return meant.length === 1 ? meant[0] : undefined;
}

function describe(error: OutputUnit, value: unknown, prepared: PreparedSchema, at: string): ProblemDetail {
  const place = placeOf(value, error.instanceLocation, at);
  const limit = locateSchema(prepared, error.keywordLocation)?.[error.keyword];
  const described = describeKeyword(error, limit, place);
  const named = isInside(error, 'propertyNames') ? 'has a name that ' : '';
  return { ...described, message: `${named}${described.message}` };
}

/** Where an error is in the value. The validator's own pointers do not tell every name from every other. */
function placeOf(value: unknown, location: string, at: string): Place {
  let current = value;
  let pointer = at;
  for (const token of tokensOf(location)) {
    const name = nameOf(current, token);
    pointer += toPointer([name]);
    current = (current as Record<string, unknown> | undefined)?.[name];
  }
  return { pointer, value: current };
}

function nameOf(container: unknown, token: string): string {
  if (typeof container !== 'object' || container === null || Object.hasOwn(container, token)) return token;
  const escaped = toPointer([token]).slice(1);
  return (
    Object.keys(container).find(
      (name) => encodeURI(toPointer([name]).slice(1)).replace(/#/g, '%23') === escaped,
    ) ?? token
  );
}

const article = (type: string) =>
  type === 'null' ? 'null' : `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** A value as it is shown in a message. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

const edge = (place: Place, code: string, message: string): ProblemDetail => ({
  pointer: place.pointer,
  code,
  message,
});

function describeKeyword({ keyword, error }: OutputUnit, limit: unknown, place: Place): ProblemDetail {
  const quoted = [...error.matchAll(/"((?:[^"])*)"/g)].at(-1)?.[1] ?? '';
  switch (keyword) {
    case 'type': {
      const types = (Array.isArray(limit) ? limit : [limit]).map((type) => article(String(type)));
      return edge(
        place,
        'invalid_type',
        `must be ${types.join(' or ')}, not ${article(typeOf(place.value))}`,
      );
    }
    case 'required':
      return {
        pointer: place.pointer + toPointer([missingName(error)]),
        code: 'required',
        message: 'is required',
      };
    case 'dependentRequired':
      return {
        pointer: place.pointer + toPointer([quoted]),
        code: 'required',
        message: `is required: ${error}`,
      };
    case 'false':
      return edge(place, 'not_allowed', 'is not allowed by the schema');
    case 'const':
      return edge(place, 'invalid_value', `must be ${shown(limit)}`);
    case 'enum':
      return edge(
        place,
        'invalid_value',
        `must be one of: ${(limit as unknown[]).map(shown).join(', ').slice(0, 300)}`,
      );
    case 'minimum':
      return edge(place, 'too_small', `must be at least ${shown(limit)}`);
    case 'exclusiveMinimum':
      return edge(place, 'too_small', `must be more than ${shown(limit)}`);
    case 'maximum':
      return edge(place, 'too_large', `must be at most ${shown(limit)}`);
    case 'exclusiveMaximum':
      return edge(place, 'too_large', `must be less than ${shown(limit)}`);
    case 'multipleOf':
      return edge(place, 'invalid_value', `must be a multiple of ${shown(limit)}`);
    case 'minLength':
      return edge(place, 'too_short', `must have at least ${shown(limit)} characters`);
    case 'maxLength':
      return edge(place, 'too_long', `must have at most ${shown(limit)} characters`);
    case 'pattern':
      return edge(place, 'invalid_format', `must match the pattern ${String(limit).slice(0, 200)}`);
    case 'format':
      return edge(place, 'invalid_format', `must be a valid ${String(limit)}`);
    case 'minItems':
    case 'minProperties':
      return edge(
        place,
        'too_few',
        `must have at least ${shown(limit)} ${keyword === 'minItems' ? 'items' : 'members'}`,
      );
    case 'maxItems':
    case 'maxProperties':
      return edge(
        place,
        'too_many',
        `must have at most ${shown(limit)} ${keyword === 'maxItems' ? 'items' : 'members'}`,
      );
    case 'uniqueItems':
      return edge(place, 'duplicate', 'must not hold the same item twice');
    case 'contains':
      return edge(place, 'too_few', 'must have an item as `contains` says');
    case 'minContains':
      return edge(place, 'too_few', `must have at least ${shown(limit)} items as \`contains\` says`);
    case 'maxContains':
      return edge(place, 'too_many', `must have at most ${shown(limit)} items as \`contains\` says`);
    case 'anyOf':
      return edge(place, 'invalid_value', 'has none of the allowed forms');
    case 'oneOf':
      return edge(
        place,
        'invalid_value',
        error.endsWith('(0 matches).')
          ? 'has none of the allowed forms'
          : 'has several of the forms of which it may have one',
      );
    case 'not':
      return edge(place, 'not_allowed', 'has a form that is not allowed');
    default:
      return edge(place, 'invalid_value', 'is not valid');
  }
}

/** The validator names what is missing only in its message. */
function missingName(message: string): string {
  return /required property "(.*)"\.$/s.exec(message)?.[1] ?? '';
}
