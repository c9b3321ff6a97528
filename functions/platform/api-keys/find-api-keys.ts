import type { Caller } from '../../shared/caller.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { getItem, queryPage } from '../../shared/dynamo/table.ts';
import { notFound } from '../../shared/problem.ts';
import { type PageQuery, parsePage } from '../parse-page.ts';
import type { ApiKey } from './api-key.ts';
import { apiKeyRecordKey } from './api-key-items.ts';

/** One GetItem. @throws {Problem} `not_found` also for another tenant's key */
export async function getApiKey(id: string, { tenantId }: Caller): Promise<ApiKey> {
  const item = await getItem('platform', apiKeyRecordKey(tenantId, id));
  if (!item) throw notFound('API key', id);
  return toApiKey(item);
}

/** A page of the tenant's keys, newest first: one Query. @throws {Problem} `invalid_cursor` */
export async function listApiKeys(
  query: PageQuery,
  { tenantId }: Caller,
): Promise<{ data: ApiKey[]; page: { nextCursor: string | null } }> {
  const scope = JSON.stringify([tenantId, 'api-keys']);
  const { limit, cursor } = parsePage(query);
  const { pk } = apiKeyRecordKey(tenantId, '');
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, scope);
  const { items, lastKey } = await queryPage({
    table: 'platform',
    key: { text: 'pk = :pk', values: { ':pk': pk } },
    limit,
    descending: true,
    ...(after !== undefined && { startKey: { pk, sk: after } }),
  });
  return {
    data: items.map(toApiKey),
    page: { nextCursor: lastKey ? encodeCursor([String(lastKey.sk)], scope) : null },
  };
}

function toApiKey(item: Item): ApiKey {
  const { id, name, role, taskTypes, expiresAt, version, createdAt, updatedAt, createdBy, updatedBy } =
    item as unknown as ApiKey;
  return { id, name, role, taskTypes, expiresAt, version, createdAt, updatedAt, createdBy, updatedBy };
}
