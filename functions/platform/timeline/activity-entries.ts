import type { Item } from '../../shared/dynamo/item.ts';
import { detailsOf, linksOf, type TimelineItem, timelinePartition, titleOf } from './timeline-item.ts';

/**
 * An activity stands in the timelines of what it refers to at the time when it took place, as it is now: it moves
 * when that time is corrected, and goes when it is deleted.
 */
export function activityEntries(tenantId: string, item: Item): (TimelineItem & Item)[] {
  const id = String(item.id);
  const at = String(item.occurredAt ?? item.createdAt);
  const title = titleOf(item);
  return linksOf('activity', item).map((link) => ({
    pk: timelinePartition(tenantId, link),
    sk: `${at}#activity#${id}`,
    kind: 'activity',
    at,
    action: 'occurred',
    actor: String(item.createdBy),
    entity: 'activity',
    id,
    ...(title !== undefined && { title }),
    details: detailsOf('activity', item),
  }));
}
