import type { Item } from '../shared/dynamo/item.ts';
import { mapConcurrently } from '../shared/map-concurrently.ts';
import { deleteEdge, edgeKey } from '../tasks/dependencies/edges.ts';
import { readParents } from '../tasks/dependencies/parents.ts';
import { type EndedParent, releaseDependents } from '../tasks/dependencies/release.ts';
import { type Teller, tellChild } from '../tasks/dependencies/tell-child.ts';
import { hasEnded } from '../tasks/lifecycle/state-machine.ts';
import type { TaskItem } from '../tasks/task.ts';
import type { Change } from './change.ts';

/** How long a batch may tell dependents of ends, in milliseconds; the function has 60 s, and history comes after. */
const tellMillis = 15_000;
const atOnce = 8;

/**
 * Lets tasks go on that waited for others. Two kinds of records matter: the end of a task that others depend on, and
 * a task that begins to wait, since a parent may have ended while it was written. Each alone would miss some.
 * @returns how many of the changes, from the first on, are done; all of them unless `error` says what stopped it
 */
export async function tellDependents(
  changes: Change[],
  untilMillis: number = Date.now() + tellMillis,
): Promise<{ done: number; error?: unknown }> {
  const outcomes = await mapConcurrently(changes, atOnce, async (change) => {
    try {
      await tell(change, untilMillis);
      return undefined;
    } catch (error) {
      return { error };
    }
  });
  const failed = outcomes.findIndex((outcome) => outcome !== undefined);
  return failed < 0 ? { done: changes.length } : { done: failed, error: outcomes[failed]?.error };
}

async function tell(change: Change, untilMillis: number): Promise<void> {
  if (change.entity !== 'task') return;
  const [before, after] = [change.before as TaskItem | undefined, change.after as TaskItem | undefined];
  const ended = endOf(change, before, after);
  if (ended) await releaseDependents(ended, tellerOf(after ?? before), untilMillis);
  else if (after && beginsToWait(before, after)) await checkParents(after);
}

/** The end of a task that others depend on, or the next part of what there is to tell of it. */
function endOf(
  { tenantId, id }: Change,
  before: TaskItem | undefined,
  after: TaskItem | undefined,
): EndedParent | undefined {
  const task = after ?? before;
  if (!task?.dependents) return undefined;
  const ended = { tenantId, id, state: task.state, batchDependents: task.batchDependents ?? [] };
  if (!after) return { ...ended, from: undefined };
  if (!hasEnded(after.state)) return undefined;
  if (!before || !hasEnded(before.state)) return { ...ended, from: undefined };
  const goesOn = after.releasedTo !== undefined && after.releasedTo !== before.releasedTo;
  return goesOn ? { ...ended, from: after.releasedTo } : undefined;
}

/** Also any other write of a blocked task has its parents looked at, but for those that come from looking. */
function beginsToWait(before: TaskItem | undefined, after: TaskItem): boolean {
  if (after.state !== 'blocked') return false;
  return before?.state !== 'blocked' || before.awaits?.size === after.awaits?.size;
}

/** One BatchGetItem; parents that have ended while the task was written did not see its edges. */
async function checkParents(child: TaskItem): Promise<void> {
  const ids = [...(child.awaits ?? [])];
  const parents = await readParents(child.tenantId, ids);
  for (const id of ids) {
    const state = parents.get(id)?.state;
    if (state !== undefined && !hasEnded(state)) continue;
    if (await tellChild(child, { id, state }, tellerOf(child))) {
      await deleteEdge({ ...edgeKey(child.tenantId, id, child.id), since: child.version });
    }
  }
}

/** The request that ended the parent, or made the child wait, is what lets it go. */
function tellerOf(task: Item | undefined): Teller {
  return { caller: { subject: 'system' }, requestId: String(task?.requestId ?? '') };
}
