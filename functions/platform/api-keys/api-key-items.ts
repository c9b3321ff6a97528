import type { Key } from '../../shared/dynamo/item.ts';

/** Where a key is found by its holder: before its tenant is known, so under no tenant. */
export function apiKeyItemKey(keyId: string): Key {
  return { pk: `system#key#${keyId}`, sk: 'key' };
}

/** Where a key is found by its tenant, without its hash. */
export function apiKeyRecordKey(tenantId: string, keyId: string): Key {
  return { pk: `${tenantId}#key`, sk: keyId };
}
