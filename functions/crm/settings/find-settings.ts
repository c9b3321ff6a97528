import { getItem } from '../../shared/dynamo/table.ts';
import { shortCache } from '../../shared/short-cache.ts';
import { initialSettings, type Settings } from './settings.ts';

/** The settings of a tenant: one item, made by the first change. */
export const settingsKey = (tenantId: string) => ({ pk: `${tenantId}#settings`, sk: 'crm' });

/** The settings as they stand: one GetItem. */
export async function readSettings(tenantId: string): Promise<Settings> {
  const item = await getItem('platform', settingsKey(tenantId));
  const { pk: _pk, sk: _sk, ...stored } = item ?? {};
  return { ...initialSettings, version: 0, updatedAt: null, updatedBy: null, ...stored };
}

export const settingsCache = shortCache<Settings>(readSettings, { seconds: 30 });

/** The settings that writes go by, at most 30 s old. */
export async function tenantSettings(tenantId: string): Promise<Settings> {
  return (await settingsCache(tenantId)) ?? readSettings(tenantId);
}
