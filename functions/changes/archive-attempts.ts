import { isDeepStrictEqual } from 'node:util';
import { ConditionFailed, putItem } from '../shared/dynamo/table.ts';
import { mapConcurrently } from '../shared/map-concurrently.ts';
import {
  type AttemptItem,
  archiveAfterLeases,
  archiveEnd,
  attemptKey,
  attemptPartition,
  type ProgressItem,
  progressKey,
  thinnedKey,
} from '../tasks/history/attempt-item.ts';
import { slotOf } from '../tasks/history/attempt-slots.ts';
import { keptOneByOne, stretchOf } from '../tasks/history/progress-pace.ts';
import type { Attempt, Progress, TaskItem } from '../tasks/task.ts';
import { typeAt } from '../tasks/types/type-registry.ts';
import type { Change } from './change.ts';

const concurrency = 8;

/**
 * Keeps what a task forgets: attempts before their slots are used again, the whole of an error, what workers told
 * of their progress. Each item is made of its stream record alone and put once, so records may come twice and in
 * any order. Most tasks have one quiet attempt and cost nothing here.
 * @returns how many of the changes, from the first on, are done; all of them unless `error` says what stopped it
 */
export async function archiveAttempts(changes: Change[]): Promise<{ done: number; error?: unknown }> {
  const outcomes = await mapConcurrently(changes, concurrency, async (change) => {
    try {
      await archive(change);
      return undefined;
    } catch (error) {
      return { error };
    }
  });
  const failed = outcomes.findIndex((outcome) => outcome !== undefined);
  return failed < 0 ? { done: changes.length } : { done: failed, error: outcomes[failed]?.error };
}

async function archive({ entity, before, after }: Change): Promise<void> {
  if (entity !== 'task' || !after) return;
  const items = toArchive(before as TaskItem | undefined, after as TaskItem);
  if (items.length === 0) return;
  const { tenantId, id, type, typeVersion } = after as TaskItem;
  const { retentionDays } = await typeAt(tenantId, type, typeVersion);
  const pk = attemptPartition(tenantId, id);
  for (const { at, item, whole } of items) {
    const stored = { ...item, pk, ttl: archiveEnd(at, retentionDays) };
    if (whole) await putItem('views', stored);
    else await putOnce(stored);
  }
}

async function putOnce(item: AttemptItem | ProgressItem): Promise<void> {
  try {
    await putItem('views', { ...item }, { text: 'attribute_not_exists(pk)' });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** An item of the archive without its partition and its time to live, which counts from `at`. */
export interface Archived {
  at: string;
  /** Takes the place of what may be there: the same, or the attempt with less of its error. */
  whole?: boolean;
  item: Omit<AttemptItem, 'pk' | 'ttl'> | Omit<ProgressItem, 'pk' | 'ttl'>;
}

/** What has to be kept of a task because of one write. */
export function toArchive(before: TaskItem | undefined, after: TaskItem): Archived[] {
  return [
    ...failedWithDetails(before, after),
    ...leavingSlots(before, after),
    ...progressTold(before, after),
  ];
}

/** The slot of a failed attempt has no details; the task has them until its next failure. */
function failedWithDetails(before: TaskItem | undefined, after: TaskItem): Archived[] {
  const entry = slotOf(after, after.lease);
  const wasOpen = !before || slotOf(before, after.lease)?.outcome === undefined;
  if (entry?.outcome !== 'failed' || !wasOpen || !after.error) return [];
  const all = after.error.details === undefined && after.error.message === entry.error?.message;
  return all ? [] : [{ ...attemptItem({ ...entry, error: after.error }), whole: true }];
}

/** A new lease sends an earlier one into the archive, some leases before its slot is needed. */
function leavingSlots(before: TaskItem | undefined, after: TaskItem): Archived[] {
  if (after.lease === (before?.lease ?? 0)) return [];
  const leaving = slotOf(after, after.lease - archiveAfterLeases);
  return leaving ? [attemptItem(leaving)] : [];
}

function attemptItem(entry: Attempt): Archived {
  return { at: entry.endedAt ?? entry.startedAt, item: { ...entry, sk: attemptKey(entry.lease) } };
}

function progressTold(before: TaskItem | undefined, after: TaskItem): Archived[] {
  const told: Archived[] = [];
  const { progress, progressCount = 1, lease, version, updatedAt } = after;
  const isNew = progress && !(before?.lease === lease && isDeepStrictEqual(before.progress, progress));
  if (isNew && progressCount <= keptOneByOne) {
    told.push(progressItem(lease, updatedAt, progress, progressKey(lease, version)));
  } else if (isNew) {
    const started = Date.parse(slotOf(after, lease)?.startedAt ?? updatedAt);
    const stretch = stretchOf(Date.parse(updatedAt), started);
    told.push(progressItem(lease, updatedAt, progress, thinnedKey(lease, stretch)));
  }
  const last = before && lastOf(before, after);
  return last ? [...told, last] : told;
}

/** The last message of a lease that has ended, if it may have been thinned out. */
function lastOf(before: TaskItem, after: TaskItem): Archived | undefined {
  const { lease, progress, progressAt, progressCount = 0 } = before;
  const ended = after.lease !== lease || slotOf(after, lease)?.endedAt !== undefined;
  const wasOpen = slotOf(before, lease)?.endedAt === undefined;
  if (!ended || !wasOpen || !progress || !progressAt || progressCount <= keptOneByOne) return undefined;
  return progressItem(lease, progressAt, progress, thinnedKey(lease, Date.parse(progressAt)));
}

function progressItem(lease: number, at: string, progress: Progress, sk: string): Archived {
  return { at, item: { sk, lease, at, progress } };
}
