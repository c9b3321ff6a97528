import * as z from 'zod/mini';
import { findings } from '../../functions/shared/validation.ts';

/** The roles that a person can have; `worker` is for API keys only. */
export const personRoles = ['owner', 'admin', 'manager', 'member', 'viewer'] as const;
export type PersonRole = (typeof personRoles)[number];

const maxSeconds = 30 * 24 * 3600;

/** What `POST <issuer>/token` takes. A negative lifetime gives an expired token, for tests. */
const tokenRequest = z.strictObject({
  tenantId: z.string().check(z.minLength(1), z.maxLength(64)),
  role: z.enum(personRoles),
  sub: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
  name: z.optional(z.string().check(z.maxLength(200))),
  expiresInSeconds: z.optional(z.int().check(z.minimum(-maxSeconds), z.maximum(maxSeconds))),
});
export type TokenRequest = z.infer<typeof tokenRequest>;

/**
 * Reads a JSON or form body.
 * @throws {Error} with a sentence that names the field
 */
export function parseTokenRequest(contentType: string, body: string): TokenRequest {
  const isForm = contentType.includes('application/x-www-form-urlencoded');
  const given: Record<string, unknown> = isForm
    ? Object.fromEntries(new URLSearchParams(body))
    : readJson(body);
  if (isForm && given.expiresInSeconds !== undefined) given.expiresInSeconds = Number(given.expiresInSeconds);
  const parsed = tokenRequest.safeParse(given, { reportInput: true });
  if (parsed.success) return parsed.data;
  const [finding] = findings(parsed.error.issues, '', tokenRequest);
  throw new Error(`${finding?.pointer || 'body'}: ${finding?.message}`);
}

function readJson(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {}
  throw new Error('body: neither a JSON object nor a form');
}
