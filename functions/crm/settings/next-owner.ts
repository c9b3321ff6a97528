import { updateItem } from '../../shared/dynamo/table.ts';
import { tenantSettings } from './find-settings.ts';

/**
 * Whose turn it is to get a new record that names no owner; `null` where the tenant assigns none. One write, and
 * none where nothing is configured. A turn whose record is then refused is skipped: over time all get the same.
 */
export async function nextOwner(tenantId: string, what: 'contacts' | 'deals'): Promise<string | null> {
  const { owners } = (await tenantSettings(tenantId)).assignment[what];
  if (owners.length < 2) return owners[0] ?? null;
  const { turn } = await updateItem(
    'platform',
    { pk: `${tenantId}#assignment`, sk: what },
    { text: 'ADD turn :one', values: { ':one': 1 } },
  );
  return owners[(Number(turn) - 1) % owners.length] ?? null;
}
