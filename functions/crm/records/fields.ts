import * as z from 'zod/mini';
import { now, parseInstant } from '../../shared/clock.ts';

/** The building blocks of CRM records. Lengths are ours: generous for people, far below DynamoDB's 400 KB an item. */

/** Text without leading or trailing blanks and control characters, 1 to `max` characters. */
export const text = (max: number) =>
  z.string().check(
    z.trim(),
    z.minLength(1),
    z.maxLength(max),
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
    z.regex(/^[^\u0000-\u0008\u000b\u000c\u000e-\u001f]*$/, 'must not contain control characters'),
  );

export const email = z
  .string()
  .check(
    z.trim(),
    z.maxLength(254),
    z.regex(/^[^\s\p{C}@<>()",;:]+@[^\s\p{C}@.]+(\.[^\s\p{C}@.]+)+$/u, 'must be an e-mail address'),
  );

/** As people write it; at least three digits. */
export const phone = z
  .string()
  .check(
    z.trim(),
    z.maxLength(40),
    z.regex(/^\+?[\d\s().\-/x#]*$/i, 'must be a telephone number'),
    z.regex(/(\d\D*){3}/, 'must be a telephone number'),
  );

/** A host name such as `example.com`, without scheme or path. */
export const domainName = z
  .string()
  .check(
    z.trim(),
    z.maxLength(253),
    z.regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i, 'must be a domain such as example.com'),
  );

/** An instant with a zone; stored in UTC with milliseconds. */
export const instant = z.pipe(
  z.iso.datetime({
    offset: true,
    error: 'must be an ISO 8601 instant with a zone, such as 2026-01-31T09:30:00Z',
  }),
  z.transform((value: string, context) => {
    const stored = parseInstant(value);
    if (stored !== undefined) return stored;
    context.issues.push({ code: 'custom', message: 'must lie between the years 0 and 9999', input: value });
    return z.NEVER;
  }),
);

/** Ours: clocks differ, and it is tomorrow already somewhere. */
const aheadMillis = 24 * 60 * 60 * 1000;

/** The instant of something that has happened: at most a day ahead. */
export const pastInstant = z.pipe(
  instant,
  z
    .string()
    .check(
      z.refine(
        (at) => Date.parse(at) <= now().getTime() + aheadMillis,
        'must not be more than a day ahead: it says when something happened',
      ),
    ),
);

/** The id of another record; whether it exists is checked in the write's own transaction. */
export const reference = (prefix: string) =>
  z.string().check(z.regex(new RegExp(`^${prefix}_[0-9A-Z]{26}$`), `must be an id such as ${prefix}_01H…`));

/** The subject of a member, as in a token's `sub`. */
export const memberId = text(128);

export const tags = z.array(text(50)).check(z.maxLength(50));

const addressShape = {
  line1: text(200),
  line2: text(200),
  city: text(100),
  region: text(100),
  postalCode: text(20),
  country: text(100),
};

export const address = z.strictObject(clearable(addressShape));
export const addressMembers = Object.keys(addressShape);

/** Every member may be left out or `null`. */
export function clearable<S extends Record<string, z.ZodMiniType>>(shape: S) {
  return Object.fromEntries(
    Object.entries(shape).map(([name, field]) => [name, z.optional(z.nullable(field))]),
  ) as unknown as { [K in keyof S]: z.ZodMiniOptional<z.ZodMiniNullable<S[K]>> };
}
