import * as z from 'zod/mini';

/** The building blocks of task bodies. */

/** 1 to `max` characters without control characters. */
export const line = (max: number) =>
  z
    .string()
    .check(z.minLength(1), z.maxLength(max), z.regex(/^\P{Cc}*$/u, 'must not contain control characters'));

/** An instant with a zone; becomes UTC with milliseconds. */
export const instant = z.pipe(
  z.iso
    .datetime({
      offset: true,
      error: 'must be an ISO 8601 instant with a zone, such as 2026-01-31T09:30:00Z',
    })
    .check(z.refine(isFourDigitYear, 'must lie between 1970 and 9999')),
  z.transform((value: string) => new Date(value).toISOString()),
);

/** Instants sort as text while their year, in UTC, has four digits. */
function isFourDigitYear(value: string): boolean {
  const millis = Date.parse(value);
  return millis >= 0 && millis < Date.UTC(10_000, 0);
}

export const wholeNumber = (min: number, max: number) => z.int().check(z.gte(min), z.lte(max));

/** Type names: lower case, so that no two differ by case alone; never `#`, which separates the parts of keys. */
export const typeName = z
  .string()
  .check(
    z.maxLength(64),
    z.regex(
      /^[a-z0-9][a-z0-9._-]*$/,
      'must be lower-case letters, digits, ".", "_" or "-", beginning with a letter or digit',
    ),
  );

export const described = <T extends z.ZodMiniType>(schema: T, description: string): T =>
  schema.check(z.meta({ description })) as T;
