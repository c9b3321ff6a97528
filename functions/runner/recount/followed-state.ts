import { isDeepStrictEqual } from 'node:util';
import type { HistoryItem } from '../../platform/history-item.ts';
import type { Item } from '../../shared/dynamo/item.ts';

/**
 * A record as it was before the writes that a recount has been told of, which the changes function has counted.
 * @param told their history entries, newest first
 * @returns undefined when it was not there, or deleted
 */
export function stateBefore(item: Item, told: readonly HistoryItem[]): Item | undefined {
  const { deletedAt, ...state } = item;
  let living = deletedAt === undefined;
  for (const { action, changes } of told) {
    if (action === 'created') return undefined;
    if (action === 'restored') living = false;
    else if (action === 'deleted' || action === 'merged') living = true;
    else for (const { field, old } of changes) state[field] = old ?? undefined;
  }
  return living ? state : undefined;
}

/** The members of a task that are counted and told in its history, whose entries not every write makes. */
const countedOfTasks = ['state', 'dueAt'];

/**
 * Whether what is counted of a task is what its history says: if so, no write that moves counters is still to be
 * followed, or such writes cancel each other out.
 * @param entries newest first, as far back as need be
 */
export function isFollowed(task: Item, entries: readonly HistoryItem[]): boolean {
  if (entries.length === 0) return false;
  // Entries of tasks are kept for some time only.
  const isWhole = entries.at(-1)?.action === 'created';
  return countedOfTasks.every((name) => {
    const change = entries.flatMap(({ changes }) => changes).find(({ field }) => field === name);
    if (change) return isDeepStrictEqual(change.new, task[name] ?? null);
    return !isWhole || task[name] === undefined;
  });
}
