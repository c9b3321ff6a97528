import * as z from 'zod/mini';
import { isAllowedUrl } from '../../shared/outgoing/target-url.ts';
import { described, wholeNumber } from '../fields.ts';

/** The parts of a type's definition, as callers write them and as they are answered. */

/** JSON Schema 2020-12: an object, or `true` and `false`. What else it must be is checked when it is registered. */
export type JsonSchema = boolean | { [keyword: string]: unknown };

function isSchemaShaped(value: unknown): value is JsonSchema {
  if (typeof value === 'boolean') return true;
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/** The value goes through as it came: a schema may have members of any name, also `__proto__`. */
export const jsonSchema = z
  .custom<JsonSchema>(isSchemaShaped, 'must be a JSON Schema: an object, or true or false')
  .check(z.meta({ type: ['object', 'boolean'] }));

/** What the service calls for a task of the executor `http`. */
export const httpTarget = z.strictObject({ url: z.string(), timeoutSeconds: z.int() });
export type HttpTarget = z.infer<typeof httpTarget>;

export const httpTargetInput = z.strictObject({
  url: z
    .string()
    .check(
      z.maxLength(2_000),
      z.refine(isAllowedUrl, 'must be an https URL without a user name or password'),
    ),
  timeoutSeconds: described(z._default(wholeNumber(1, 60), 30), 'How long a call may take.'),
});

/** Starts for each period of time. */
export const rateLimit = z.strictObject({
  count: wholeNumber(1, 10_000),
  perSeconds: wholeNumber(1, 86_400),
});
export type RateLimit = z.infer<typeof rateLimit>;

/** What members of a definition must be to each other. */
export const definitionRules = z.check<{ executor: string; http?: HttpTarget | null | undefined }>(
  ({ value, issues }) => {
    const needed = value.executor === 'http';
    if (needed === Boolean(value.http)) return;
    issues.push({
      code: 'custom',
      input: value.http,
      path: ['http'],
      message: needed
        ? 'is required: the executor http needs the URL to call'
        : `is for the executor http only, and this type is done by: ${value.executor}`,
    });
  },
);
