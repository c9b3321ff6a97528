import { type AuditEntity, auditItem } from '../platform/audit/audit-item.ts';
import { titleOf } from '../platform/timeline/timeline-item.ts';
import type { PlainWrite } from '../shared/dynamo/batch-write.ts';
import { hasEnded } from '../tasks/lifecycle/state-machine.ts';
import type { TaskItem } from '../tasks/task.ts';
import type { Change } from './change.ts';

/** A merge has an entry of its own; its task only sees to it. */
const mergeType = 'contacts.merge';

/**
 * The audit entry of a write: of every write of a record, and of what callers do with tasks beyond the work itself.
 * Made of the write alone, under a key that names it, so that writing it again changes nothing.
 */
export function auditWrites(change: Change): PlainWrite[] {
  const { tenantId, entity, id, version, at, actor, requestId, changes, before, after } = change;
  const action = entity === 'task' ? taskAction(change) : change.action;
  if (action === undefined) return [];
  const item = after ?? before ?? {};
  const title = titleOf(item);
  const entry = {
    ...{ at, actor, action, entity: entity as AuditEntity, id, version, requestId },
    ...(title !== undefined && { title }),
    ...(entity === 'task' ? { details: { type: item.type } } : { fields: changes.map(({ field }) => field) }),
  };
  return [{ put: auditItem(tenantId, entry, String(version)) }];
}

/** Undefined for the work itself: enqueueing, leases, results. Imports, exports and redrives are acts. */
function taskAction({ action, actor, before, after }: Change): string | undefined {
  const [old, task] = [before as TaskItem | undefined, after as TaskItem | undefined];
  if (!task || actor === 'system') return undefined;
  if (action === 'created')
    return task.executor === 'builtin' && task.type !== mergeType ? 'created' : undefined;
  if (!old) return undefined;
  if (task.redriveId !== old.redriveId && task.redriveId !== undefined) return 'redriven';
  if (hasEnded(old.state) && !hasEnded(task.state)) return 'retried';
  const cancels = task.state === 'cancelled' ? old.state !== 'cancelled' && !old.cancelRequested : false;
  return cancels || (task.cancelRequested && !old.cancelRequested) ? 'cancelled' : undefined;
}
