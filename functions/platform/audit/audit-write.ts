import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { type AuditEntry, auditItem } from './audit-item.ts';

/**
 * The audit entry of a change of settings, for the transaction of that change. Records and tasks need none: the
 * changes function writes theirs from the stream.
 * @param act never with a secret in it
 */
export function auditWrite(
  { caller, requestId }: Actor,
  act: Omit<AuditEntry, 'at' | 'actor' | 'requestId' | 'version'>,
): PlannedWrite {
  const entry = { at: instant(), actor: caller.subject, ...act, requestId };
  return { write: { kind: 'put', table: 'views', item: auditItem(caller.tenantId, entry, requestId) } };
}
