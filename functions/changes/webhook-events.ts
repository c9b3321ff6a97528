import { createHash } from 'node:crypto';
import { type EventType, isEventType } from '../platform/webhooks/event-types.ts';
import type { WebhookEvent } from '../platform/webhooks/webhook-queue.ts';
import type { Change } from './change.ts';
import { movesOf } from './moves.ts';
import { recordOf } from './publications.ts';

/** What webhooks are told of a change: that there was one, and what it meant if that has a name of its own. */
export function eventsOf(change: Change): { tenantId: string; event: WebhookEvent & { type: EventType } }[] {
  const { tenantId, entity, id, version, at, actor, action, changes, before, after } = change;
  const told = entity === 'task' && action === 'updated' ? [] : [action];
  const types = [...told, ...movesOf(entity, before, after)]
    .map((name) => `${entity}.${name}`)
    .filter(isEventType);
  if (types.length === 0) return [];
  const data = { id, version, actor, changes, record: after ? recordOf(change, after) : null };
  return types.map((type, index) => ({
    tenantId,
    event: { id: eventId(tenantId, id, version, index === 0 ? undefined : type), type, timestamp: at, data },
  }));
}

/**
 * The same for the same version, so that receivers know an event that reaches them twice.
 * @param type of a further event of the version
 */
function eventId(tenantId: string, id: string, version: number, type: EventType | undefined): string {
  const name = [tenantId, id, version, ...(type ? [type] : [])].join('#');
  return `evt_${createHash('sha256').update(name).digest('hex').slice(0, 26)}`;
}
