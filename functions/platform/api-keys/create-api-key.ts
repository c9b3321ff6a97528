import type { Actor } from '../../shared/actor.ts';
import type { Caller } from '../../shared/caller.ts';
import { now } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import type { Role } from '../../shared/route.ts';
import type { WritePlan } from '../../shared/write-plan.ts';
import { auditWrite } from '../audit/audit-write.ts';
import { issueApiKey } from '../identity/api-key-token.ts';
import type { ApiKey, ApiKeyInput, CreatedApiKey } from './api-key.ts';
import { apiKeyItemKey, apiKeyRecordKey } from './api-key-items.ts';

/** Nobody hands out more than they have; `worker` sees tasks only, so any admin may. */
const ranks: Record<Role, number> = { owner: 5, admin: 4, manager: 3, member: 2, viewer: 1, worker: 1 };

/**
 * A new key: one item by which its holder is found, with the hash, and one by which the tenant lists it.
 * @throws {Problem} `forbidden` for a role or task types beyond the caller's, `validation_failed` for an end in the past
 */
export function planCreateApiKey(input: ApiKeyInput, actor: Actor): WritePlan<CreatedApiKey> {
  requireRank(actor.caller, input.role);
  requireTaskTypes(actor.caller, input.taskTypes);
  const at = now();
  if (input.expiresAt !== undefined && input.expiresAt <= at.toISOString()) {
    throw validationFailed([
      { pointer: '/expiresAt', code: 'invalid_value', message: 'must lie in the future' },
    ]);
  }
  const { tenantId, subject } = actor.caller;
  const id = newId('key', at.getTime());
  const { token, secretHash } = issueApiKey(id);
  const record: ApiKey = {
    id,
    name: input.name,
    role: input.role,
    taskTypes: input.taskTypes ?? null,
    expiresAt: input.expiresAt ?? null,
    version: 1,
    createdAt: at.toISOString(),
    updatedAt: at.toISOString(),
    createdBy: subject,
    updatedBy: subject,
  };
  const identity = {
    ...apiKeyItemKey(id),
    tenantId,
    role: input.role,
    taskTypes: input.taskTypes,
    expiresAt: input.expiresAt,
    secretHash,
  };
  const condition = { text: 'attribute_not_exists(pk)' };
  return {
    result: { ...record, key: token },
    writes: [
      { write: { kind: 'put', table: 'platform', item: identity, condition } },
      {
        write: {
          kind: 'put',
          table: 'platform',
          item: { ...apiKeyRecordKey(tenantId, id), ...record, requestId: actor.requestId },
          condition,
        },
      },
      auditWrite(actor, {
        action: 'created',
        entity: 'api_key',
        id,
        title: input.name,
        details: { role: record.role, taskTypes: record.taskTypes, expiresAt: record.expiresAt },
      }),
    ],
  };
}

function requireRank(caller: Caller, role: Role): void {
  if (ranks[role] <= ranks[caller.role]) return;
  throw new Problem('forbidden', `The role ${caller.role} may not make a key with the role ${role}`);
}

/** A caller that is limited to some task types cannot make a key for others, nor one for all of them. */
function requireTaskTypes({ taskTypes: own }: Caller, wanted: string[] | undefined): void {
  if (!own || wanted?.every((type) => own.includes(type))) return;
  throw new Problem(
    'forbidden',
    `This key may only make keys with \`taskTypes\` out of its own: ${own.join(', ')}`,
  );
}
