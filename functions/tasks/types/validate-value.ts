import { type OutputUnit, validate } from '@cfworker/json-schema';
import type { ProblemDetail } from '../../shared/problem.ts';
import type { JsonSchema } from './definition.ts';
import { describeErrors, maxFindings } from './describe-errors.ts';
import { installFormats } from './formats.ts';
import { type PreparedSchema, plainNumbers, prepareSchema } from './prepare-schema.ts';
import { runWithinBudget, timeLeft } from './time-budget.ts';
import { TimeIsUp } from './time-limit.ts';
import { findRepeated } from './unique-items.ts';

/** How long a value may be checked: a thousand times what an ordinary one takes. */
const limitMillis = 500;
/** How long more than the first finding is looked for. */
const furtherMillis = 100;
/** Schemas times bytes up to which a check needs no limit, unless the schema is a costly one. */
const quickWork = 50_000;

installFormats();

/** Prepared once for each schema; schemas live as long as the cached version of their type. */
const preparedSchemas = new WeakMap<object, PreparedSchema>();

function prepared(schema: JsonSchema): PreparedSchema {
  if (typeof schema === 'boolean') return prepareSchema(schema);
  const known = preparedSchemas.get(schema);
  if (known) return known;
  const made = prepareSchema(schema);
  preparedSchemas.set(schema, made);
  return made;
}

/**
 * What is wrong with a value; nothing when the schema holds for it.
 * @param value as parsed, with numbers that a double cannot hold kept as text
 * @param bytes length of its JSON text
 * @param at pointer of the value in the body, such as `/input`
 */
export function validateValue(
  schema: JsonSchema,
  value: unknown,
  bytes: number,
  at: string,
): ProblemDetail[] {
  const ready = prepared(schema);
  const plain = plainNumbers(value);
  try {
    const { first, repeated } = limited(ready, bytes, limitMillis, () => ({
      first: errorsOf(ready, plain, true),
      repeated: findRepeated(value, ready.unique, at),
    }));
    if (first.length === 0) return repeated.slice(0, maxFindings);
    const all = furtherErrors(ready, plain, bytes) ?? first;
    return [...describeErrors(all, plain, ready, at), ...repeated].slice(0, maxFindings);
  } catch (error) {
    const message = refusalOf(error);
    if (message === undefined) throw error;
    return [{ pointer: at, code: 'too_complex', message }];
  }
}

/** @param shortCircuit stop where one error makes the others of its kind likely */
function errorsOf({ root, lookup }: PreparedSchema, value: unknown, shortCircuit: boolean): OutputUnit[] {
  return validate(value, root, '2020-12', lookup, shortCircuit).errors;
}

function isQuick({ costly, weight }: PreparedSchema, bytes: number): boolean {
  return !costly && weight * bytes <= quickWork;
}

function limited<T>(ready: PreparedSchema, bytes: number, millis: number, job: () => T): T {
  return isQuick(ready, bytes) ? job() : runWithinBudget(millis, job);
}

/** All errors, or undefined when there are too many to be collected, or no time is left for it. */
function furtherErrors(ready: PreparedSchema, value: unknown, bytes: number): OutputUnit[] | undefined {
  if (timeLeft() === 0 && !isQuick(ready, bytes)) return undefined;
  try {
    return limited(ready, bytes, furtherMillis, () => errorsOf(ready, value, false));
  } catch (error) {
    if (refusalOf(error) === undefined) throw error;
    return undefined;
  }
}

function refusalOf(error: unknown): string | undefined {
  if (error instanceof TimeIsUp) {
    return 'could not be checked against the schema of its type in time; simplify the schema, or send less';
  }
  // The stack is used up by nesting, or by more errors than fit into one call.
  if (error instanceof RangeError || (error as { name?: string }).name === 'RangeError') {
    return 'is nested too deeply, or has too many errors, to be checked against the schema of its type';
  }
  return undefined;
}
