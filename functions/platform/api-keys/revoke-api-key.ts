import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/problem.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { auditWrite } from '../audit/audit-write.ts';
import { apiKeyItemKey, apiKeyRecordKey } from './api-key-items.ts';

/**
 * Ends a key for good, at most 90 seconds after the answer (the caches of gateway and authorizer).
 * @throws {Problem} `not_found`
 */
export async function revokeApiKey(id: string, actor: Actor): Promise<void> {
  const { tenantId } = actor.caller;
  await carryOut([
    {
      write: {
        kind: 'delete',
        table: 'platform',
        key: apiKeyRecordKey(tenantId, id),
        condition: { text: 'attribute_exists(pk)' },
      },
      refused: () => notFound('API key', id),
    },
    { write: { kind: 'delete', table: 'platform', key: apiKeyItemKey(id) } },
    auditWrite(actor, { action: 'revoked', entity: 'api_key', id }),
  ]);
}
