import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * An API key as its holder has it: `tdm_<id>_<secret>`, where the id is the ULID of the key's record
 * (`key_<id>`, 26 characters) and the secret is 32 random bytes in hex. Neither part can hold an underscore.
 */
const tokenPattern = /^tdm_([0-7][0-9A-HJKMNP-TV-Z]{25})_([0-9a-f]{64})$/;

export interface ApiKeyToken {
  /** The id of the key's record. */
  keyId: string;
  secret: string;
}

export function isApiKey(token: string): boolean {
  return token.startsWith('tdm_');
}

export function parseApiKey(token: string): ApiKeyToken | undefined {
  const [, ulid, secret] = tokenPattern.exec(token) ?? [];
  return ulid && secret ? { keyId: `key_${ulid}`, secret } : undefined;
}

/** A fresh secret for the key with this id: the whole token, and the hash that may be stored. */
export function issueApiKey(keyId: string): { token: string; secretHash: string } {
  const secret = randomBytes(32).toString('hex');
  return { token: `tdm_${keyId.slice('key_'.length)}_${secret}`, secretHash: hashSecret(secret) };
}

/** A plain hash is enough, since the secret has 256 bits of its own. */
function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function secretMatches(secret: string, secretHash: string): boolean {
  const given = Buffer.from(hashSecret(secret));
  const stored = Buffer.from(secretHash);
  return given.length === stored.length && timingSafeEqual(given, stored);
}
