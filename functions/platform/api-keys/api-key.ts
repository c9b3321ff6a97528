import * as z from 'zod/mini';
import { roles } from '../../shared/route.ts';

/** Scopes that one key can have; each is looked at on every claim. */
const maxTaskTypes = 50;

/** As task types are named. */
const taskType = z
  .string()
  .check(
    z.maxLength(64),
    z.regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be the name of a task type, such as emails.send'),
  );

/** What a new key is asked for. */
export const apiKeyInput = z.strictObject({
  name: z.string().check(z.trim(), z.minLength(1), z.maxLength(100)),
  role: z.enum(roles),
  /** The task types that the key is limited to; all when left out. */
  taskTypes: z.optional(z.array(taskType).check(z.minLength(1), z.maxLength(maxTaskTypes))),
  expiresAt: z.optional(
    z.pipe(
      z.iso.datetime({
        offset: true,
        error: 'must be an ISO 8601 instant with a zone, such as 2026-01-31T09:30:00Z',
      }),
      z.transform((value: string) => new Date(value).toISOString()),
    ),
  ),
});
export type ApiKeyInput = z.infer<typeof apiKeyInput>;

const members = {
  id: z.string(),
  name: z.string(),
  role: z.enum(roles),
  taskTypes: z.nullable(z.array(z.string())),
  expiresAt: z.nullable(z.string()),
  version: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
  createdBy: z.string(),
  updatedBy: z.string(),
};

/** A key as it is listed: everything but the secret, which nobody has any more. */
export const apiKeyOutput = z.strictObject(members);
export type ApiKey = z.infer<typeof apiKeyOutput>;

/** The answer to its creation, the only one that has the key itself. */
export const createdApiKeyOutput = z.strictObject({
  ...members,
  key: z.optional(
    z.string().check(
      z.meta({
        description: 'tdm_<id>_<secret>. Shown once: a replay under the same idempotency key leaves it out.',
      }),
    ),
  ),
});
export type CreatedApiKey = ApiKey & { key?: string };
