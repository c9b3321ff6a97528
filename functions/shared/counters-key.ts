import type { Key } from './dynamo/item.ts';

/** Where the kept counters of an entity are in the table `views`; all of a tenant's are one partition. */
export function countersKey(tenantId: string, entity: string): Key {
  return { pk: `${tenantId}#counters`, sk: entity };
}
