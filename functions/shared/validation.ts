import type * as z from 'zod/mini';
import { nearestName } from './nearest-name.ts';
import { type ProblemDetail, validationFailed } from './problem.ts';

type Issue = z.core.$ZodIssue;

/**
 * Checks a value against a schema.
 * @throws {Problem} `validation_failed` with a JSON Pointer for each finding
 */
export function validate<T extends z.ZodMiniType>(schema: T, value: unknown, at = ''): z.infer<T> {
  const result = schema.safeParse(value, { reportInput: true });
  if (!result.success) throw validationFailed(findings(result.error.issues, at, schema));
  const dropped = droppedMembers(value, result.data, at);
  if (dropped.length > 0) throw validationFailed(dropped.slice(0, 50));
  return result.data;
}

/**
 * A member called `__proto__`, which JSON may have, is left out by zod without a word. What a schema takes as it is
 * (`unknown`) keeps it, and is the very same object.
 */
function droppedMembers(given: unknown, kept: unknown, at: string): ProblemDetail[] {
  if (given === kept || !isObject(given) || !isObject(kept)) return [];
  const names = Object.keys(given);
  return names.flatMap((name): ProblemDetail[] => {
    const pointer = at + toPointer([name]);
    if (Object.hasOwn(kept, name)) return droppedMembers(given[name], kept[name], pointer);
    return name === '__proto__' ? [{ pointer, code: 'unknown_field', message: 'unknown field' }] : [];
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** The findings of a failed check as problem details, each with its pointer below `at`. */
export function findings(issues: readonly Issue[], at: string, schema?: z.ZodMiniType): ProblemDetail[] {
  return issues.flatMap((issue) => describeIssue(issue, at, schema)).slice(0, 50);
}

function describeIssue(issue: Issue, at: string, schema?: z.ZodMiniType): ProblemDetail[] {
  const pointer = at + toPointer(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      // A schema with words of its own for it knows the members and does not take them.
      if (issue.message && issue.message !== 'Invalid input') {
        const { message } = issue;
        return issue.keys.map((key) => ({
          pointer: `${pointer}${toPointer([key])}`,
          code: 'read_only',
          message,
        }));
      }
      const known = knownKeys(schema, issue.path);
      return issue.keys.map((key) => {
        const near = nearestName(key, known);
        return {
          pointer: `${pointer}${toPointer([key])}`,
          code: 'unknown_field',
          message: near ? `unknown field; did you mean ${JSON.stringify(near)}?` : 'unknown field',
        };
      });
    }
    case 'invalid_type':
      return issue.input === undefined
        ? [{ pointer, code: 'required', message: 'is required' }]
        : [
            {
              pointer,
              code: 'invalid_type',
              message: `must be ${article(issue.expected)}, not ${typeName(issue.input)}`,
            },
          ];
    case 'too_small':
    case 'too_big':
      return [{ pointer, ...describeSize(issue) }];
    case 'invalid_format':
      return [
        {
          pointer,
          code: 'invalid_format',
          message:
            issue.message && issue.message !== 'Invalid input'
              ? issue.message
              : `must be a valid ${issue.format}`,
        },
      ];
    case 'invalid_value':
      if (issue.input === undefined) return [{ pointer, code: 'required', message: 'is required' }];
      return [
        { pointer, code: 'invalid_value', message: `must be one of: ${issue.values.map(String).join(', ')}` },
      ];
    case 'invalid_union': {
      const [closest] = [...issue.errors].sort((a, b) => a.length - b.length);
      if (closest?.length) return closest.flatMap((inner) => describeIssue(inner, pointer));
      return [{ pointer, code: 'invalid_value', message: 'has none of the allowed forms' }];
    }
    case 'not_multiple_of':
      return [{ pointer, code: 'invalid_value', message: `must be a multiple of ${issue.divisor}` }];
    default:
      return [{ pointer, code: 'invalid_value', message: issue.message || 'is not valid' }];
  }
}

function describeSize(
  issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig,
): Omit<ProblemDetail, 'pointer'> {
  const small = issue.code === 'too_small';
  const bound = small ? issue.minimum : issue.maximum;
  const edge =
    issue.inclusive === false ? (small ? 'more than' : 'less than') : small ? 'at least' : 'at most';
  switch (issue.origin) {
    case 'string':
      return small && bound === 1
        ? { code: 'too_short', message: 'must not be empty' }
        : { code: small ? 'too_short' : 'too_long', message: `must have ${edge} ${bound} characters` };
    case 'array':
    case 'set':
    case 'map':
      return { code: small ? 'too_few' : 'too_many', message: `must have ${edge} ${bound} items` };
    default:
      return { code: small ? 'too_small' : 'too_large', message: `must be ${edge} ${bound}` };
  }
}

/** RFC 6901. */
export function toPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (JSON.isRawJSON(value)) return 'a number that a double cannot hold';
  return article(typeof value);
}

function article(noun: string): string {
  const name = noun === 'int' ? 'integer' : noun;
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}

/** The field names of the object schema at a path, to propose one for a misspelt name. */
function knownKeys(schema: z.ZodMiniType | undefined, path: readonly PropertyKey[]): string[] {
  let at = unwrap(schema);
  for (const part of path) {
    const def = at?._zod.def as
      | { shape?: Record<string, z.ZodMiniType>; element?: z.ZodMiniType }
      | undefined;
    at = unwrap(def?.shape?.[String(part)] ?? def?.element);
  }
  const shape = (at?._zod.def as { shape?: Record<string, unknown> } | undefined)?.shape;
  return Object.keys(shape ?? {});
}

function unwrap(schema: z.ZodMiniType | undefined): z.ZodMiniType | undefined {
  let at = schema;
  for (let depth = 0; depth < 8; depth += 1) {
    const inner = (at?._zod.def as { innerType?: z.ZodMiniType } | undefined)?.innerType;
    if (!inner) return at;
    at = inner;
  }
  return at;
}
