import { createHash } from 'node:crypto';
import { type EventType, isEventType } from '../platform/webhooks/event-types.ts';
import type { WebhookEvent } from '../platform/webhooks/webhook-queue.ts';
import type { Change } from './change.ts';
import { recordOf } from './publications.ts';

/** What webhooks are told of a change; undefined for those that are no event. */
export function eventOf(
  change: Change,
): { tenantId: string; event: WebhookEvent & { type: EventType } } | undefined {
  const type = typeOf(change);
  if (!type) return undefined;
  const { tenantId, id, version, at, actor, changes, after } = change;
  const event = {
    id: eventId(tenantId, id, version),
    type,
    timestamp: at,
    data: {
      id,
      version,
      actor,
      changes,
      record: after ? recordOf(change, after) : null,
    },
  };
  return { tenantId, event };
}

function typeOf({ entity, action, before, after }: Change): EventType | undefined {
  const happened = entity !== 'task' || action === 'created' ? action : movedTo(before?.state, after?.state);
  const type = `${entity}.${happened}`;
  return isEventType(type) ? type : undefined;
}

function movedTo(before: unknown, after: unknown): unknown {
  return before === after ? undefined : after;
}

/** The same for the same version, so that receivers know an event that reaches them twice. */
function eventId(tenantId: string, id: string, version: number): string {
  return `evt_${createHash('sha256').update(`${tenantId}#${id}#${version}`).digest('hex').slice(0, 26)}`;
}
