import { batchGetItems, ConditionFailed, updateItem } from '../../shared/dynamo/table.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { hasEnded, type TaskState } from '../lifecycle/state-machine.ts';
import { type TaskItem, taskKey } from '../task.ts';
import { deleteEdge, type Edge, readEdges } from './edges.ts';
import { readParents } from './parents.ts';
import type { Parent } from './rules.ts';
import { childMembers, type Teller, tellChild } from './tell-child.ts';

/** A task that has ended, or was removed, as its stream record shows it. */
export interface EndedParent {
  tenantId: string;
  id: string;
  batchDependents: readonly string[];
  state: TaskState;
  /** Where to go on: the sort key of the last edge that an earlier call came to. */
  from: string | undefined;
}

const atOnce = 16;

/**
 * Tells the end of a task to those that wait for it: a Query and a BatchGetItem a hundred of them, and for each an
 * UpdateItem and a DeleteItem. What happens is decided on the parent as it stands when its edges have been read: one
 * that was retried meanwhile holds its dependents again, and its next end is told.
 * @param untilMillis when no further page is begun: the rest follows with another stream record of the parent
 * @throws what the first of those said that could not be told, after all others have been
 */
export async function releaseDependents(
  ended: EndedParent,
  teller: Teller,
  untilMillis: number,
): Promise<void> {
  const { tenantId, id, batchDependents, from } = ended;
  const failures: unknown[] = [];
  if (from === undefined && batchDependents.length > 0) {
    const parent = await endedParent(ended);
    if (!parent) return;
    await tellAll(tenantId, parent, batchDependents, { teller, failures });
  }
  let after = from;
  do {
    const { edges, next } = await readEdges(tenantId, id, after);
    const parent = await endedParent(ended);
    if (!parent) return;
    const ids = edges.map(({ taskId }) => taskId);
    const free = await tellAll(tenantId, parent, ids, { teller, failures });
    const done = edges.filter(({ taskId }) => free.has(taskId));
    await mapConcurrently(done, atOnce, (edge: Edge) => deleteEdge(edge));
    after = next;
    // With failures it is this record that is repeated; what is done has no edges any more.
    const isOver = after !== undefined && Date.now() >= untilMillis && failures.length === 0;
    if (isOver && parent.state !== undefined && (await goOnLater(tenantId, id, after as string))) return;
  } while (after !== undefined);
  if (failures.length > 0) throw failures[0];
}

/** The parent as it stands, or undefined while it is at work again. One that is gone had completed, or never will. */
async function endedParent({ tenantId, id, state: last }: EndedParent): Promise<Parent | undefined> {
  const found = (await readParents(tenantId, [id])).get(id);
  const state = found?.state ?? (last === 'completed' ? last : undefined);
  return state === undefined || hasEnded(state) ? { id, state } : undefined;
}

/**
 * Tells some children; one that cannot be told holds up no other.
 * @returns the ids of those that do not wait for the parent any more, or are not there at all
 */
async function tellAll(
  tenantId: string,
  parent: Parent,
  ids: readonly string[],
  { teller, failures }: { teller: Teller; failures: unknown[] },
): Promise<Set<string>> {
  const children = (await batchGetItems(
    'tasks',
    ids.map((id) => taskKey(tenantId, id)),
    { consistent: true, project: childMembers },
  )) as TaskItem[];
  const free = new Set(ids);
  await mapConcurrently(children, atOnce, async (child) => {
    try {
      if (!(await tellChild(child, parent, teller))) free.delete(child.id);
    } catch (error) {
      free.delete(child.id);
      failures.push(error);
    }
  });
  return free;
}

/**
 * Notes on the parent how far it has come; the stream record of that is what goes on. So a task with any number of
 * dependents neither blocks its shard nor wears out its retries.
 * @returns false when the parent was removed meanwhile
 */
async function goOnLater(tenantId: string, id: string, releasedTo: string): Promise<boolean> {
  try {
    await updateItem(
      'tasks',
      taskKey(tenantId, id),
      { text: 'SET releasedTo = :to', values: { ':to': releasedTo } },
      { text: 'attribute_exists(pk)' },
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}
