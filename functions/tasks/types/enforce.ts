import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import type { JsonSchema } from './definition.ts';
import type { TaskType } from './task-type.ts';
import { validateValue } from './validate-value.ts';

/**
 * Checks the input of a task against its type.
 * @param input as parsed; undefined counts as `null`, which is what the worker would get
 * @param text its JSON text
 * @throws {Problem} `validation_failed`
 */
export function requireValidInput(type: TaskType, input: unknown, text: string | undefined): void {
  require(type.inputSchema, input, text, '/input');
}

/** The same for a result. @throws {Problem} `validation_failed`; the lease is as it was */
export function requireValidResult(type: TaskType, result: unknown, text: string | undefined): void {
  require(type.resultSchema, result, text, '/result');
}

function require(schema: JsonSchema | null, value: unknown, text: string | undefined, at: string): void {
  if (schema === null) return;
  const findings = validateValue(schema, value ?? null, text?.length ?? 4, at);
  if (findings.length === 0) return;
  const missing: ProblemDetail = {
    pointer: at,
    code: 'required',
    message: 'is required by the schema of its type',
  };
  throw validationFailed(value === undefined ? [missing] : findings);
}
