import { batchWriteItems } from '../shared/dynamo/batch-write.ts';
import { auditWrites } from './audit-writes.ts';
import type { Change } from './change.ts';
import { stateWrites } from './state-items.ts';
import { timelineWrites } from './timeline-writes.ts';

/**
 * Writes what is read by other ways than by the record: words, timelines, the audit. It has to come before the
 * history entries, which say that a write has been followed.
 * @returns how many of the changes, from the first on, are done; all of them unless `error` says what stopped it
 */
export async function deriveViews(changes: Change[]): Promise<{ done: number; error?: unknown }> {
  try {
    await derive(changes);
    return { done: changes.length };
  } catch (error) {
    if (changes.length === 1) return { done: 0, error };
  }
  // One of them cannot be written, or too much is going on: find out which, one at a time.
  for (const [done, change] of changes.entries()) {
    try {
      await derive([change]);
    } catch (error) {
      return { done, error };
    }
  }
  return { done: changes.length };
}

async function derive(changes: Change[]): Promise<void> {
  const writes = [
    ...(await stateWrites(changes)),
    ...changes.flatMap(timelineWrites),
    ...changes.flatMap(auditWrites),
  ];
  if (writes.length > 0) await batchWriteItems('views', writes);
}
