import { now } from '../../shared/clock.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { type Role, roles } from '../../shared/route.ts';
import { shortCache } from '../../shared/short-cache.ts';
import { apiKeyItemKey } from '../api-keys/api-key-items.ts';
import { parseApiKey, secretMatches } from './api-key-token.ts';
import { type Identity, isTenantId, Rejected } from './identity.ts';

const cacheSeconds = 30;

/** Read consistently, so that a key works as soon as its creation has been answered. */
const findKey = shortCache((keyId) => getItem('platform', apiKeyItemKey(keyId)), { seconds: cacheSeconds });

/**
 * The caller behind an API key. A revoked key is refused after at most the cache's 30 seconds and the
 * gateway's 60.
 * @throws {Rejected}
 */
export async function verifyApiKey(token: string): Promise<Identity> {
  const parsed = parseApiKey(token);
  if (!parsed) throw new Rejected('The API key is malformed');
  const item = await findKey(parsed.keyId);
  // One answer for an unknown key and a wrong secret: a guesser does not learn which ids exist.
  if (!item || !secretMatches(parsed.secret, String(item.secretHash))) {
    throw new Rejected('The API key is unknown or was revoked');
  }
  const { tenantId, role, taskTypes, expiresAt } = item;
  if (typeof expiresAt === 'string' && expiresAt <= now().toISOString()) {
    throw new Rejected('The API key has expired');
  }
  if (!isTenantId(tenantId) || !roles.includes(role as Role)) {
    throw new Error(`the item of the API key ${parsed.keyId} is damaged`);
  }
  return {
    caller: {
      tenantId,
      subject: parsed.keyId,
      role: role as Role,
      keyId: parsed.keyId,
      ...(Array.isArray(taskTypes) ? { taskTypes: taskTypes as string[] } : {}),
    },
    ...(typeof expiresAt === 'string' ? { expiresAt: Math.floor(Date.parse(expiresAt) / 1_000) } : {}),
  };
}
