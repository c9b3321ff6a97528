import {
  detailsOf,
  linksOf,
  type TimelineItem,
  timelinePartition,
  titleOf,
} from '../platform/timeline/timeline-item.ts';
import type { PlainWrite } from '../shared/dynamo/batch-write.ts';
import type { Item } from '../shared/dynamo/item.ts';
import type { Change } from './change.ts';
import { movesOf } from './moves.ts';

/** Entities that stand in the timelines of what they refer to, write by write; activities do so as a whole. */
const shownByWrite = new Set(['contact', 'company', 'deal', 'order', 'invoice', 'task']);

/**
 * Entries for the timelines of the records that a record refers to. They are made of the write alone and their keys
 * name it, so that writing them again changes nothing. A reference that moves ends in one timeline with `unlinked`
 * and goes on in the other with `linked`.
 */
export function timelineWrites(change: Change): PlainWrite[] {
  const { tenantId, entity, id, version, at, actor, requestId, before, after } = change;
  const item = after ?? before;
  // The end of the time to live: tasks that ended long ago.
  if (!item || !shownByWrite.has(entity) || (entity === 'task' && !after)) return [];
  const links = { old: linksOf(entity, before ?? {}), new: linksOf(entity, after ?? {}) };
  const title = titleOf(item);
  return [...new Set([...links.old, ...links.new])].flatMap((link) => {
    const action = actionFor(change, links.old.includes(link), links.new.includes(link));
    if (action === undefined) return [];
    const entry: TimelineItem & Item = {
      pk: timelinePartition(tenantId, link),
      sk: `${at}#${entity}#${id}#${version}`,
      kind: entity as TimelineItem['kind'],
      ...{ at, action, actor, entity, id, version, requestId },
      ...(title !== undefined && { title }),
      details: { ...detailsOf(entity, item), ...counterpart(link, links) },
    };
    return [{ put: entry }];
  });
}

/** For a reference that has moved: where from or where to. */
function counterpart(link: string, links: { old: string[]; new: string[] }): { from?: string; to?: string } {
  const [prefix = ''] = link.split('_');
  const other = (ids: string[], not: string[]) =>
    ids.find((id) => id !== link && id.startsWith(`${prefix}_`) && !not.includes(id));
  const from = links.old.includes(link) ? undefined : other(links.old, links.new);
  const to = links.new.includes(link) ? undefined : other(links.new, links.old);
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

function actionFor({ entity, action, before, after }: Change, was: boolean, is: boolean): string | undefined {
  if (!before || !after) return action;
  if (was && is) return movesOf(entity, before, after).at(-1);
  return is ? 'linked' : 'unlinked';
}
