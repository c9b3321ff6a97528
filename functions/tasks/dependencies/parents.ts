import type { Actor } from '../../shared/actor.ts';
import { batchGetItems, ConditionFailed, updateItem } from '../../shared/dynamo/table.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { validationFailed } from '../../shared/problem.ts';
import type { TaskState } from '../lifecycle/state-machine.ts';
import { type TaskItem, taskKey } from '../task.ts';
import { requireTypeScope } from '../types/type-scope.ts';
import type { Parent } from './rules.ts';

/** A parent as it was read. */
export interface FoundParent extends Parent {
  type: string;
  state: TaskState;
  /** It knows already that others depend on it. */
  marked: boolean;
}

/** The tasks with these ids, those that are there; a BatchGetItem for each hundred, consistent. */
export async function readParents(
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, FoundParent>> {
  // DynamoDB refuses a key that is asked for twice, and two refs may stand for one task.
  const unique = [...new Set(ids)];
  const found = await batchGetItems(
    'tasks',
    unique.map((id) => taskKey(tenantId, id)),
    { consistent: true, project: ['id', 'type', 'state', 'dependents'] },
  );
  const parents = (found as TaskItem[]).map(
    ({ id, type, state, dependents }): FoundParent => ({ id, type, state, marked: dependents === true }),
  );
  return new Map(parents.map((parent) => [parent.id, parent]));
}

/**
 * The parents that a new task names, in its order.
 * @throws {Problem} `validation_failed` for an id that is not there, `forbidden` for a task that the key may not see
 */
export function requireParents(
  ids: readonly string[],
  found: ReadonlyMap<string, FoundParent>,
  { caller }: Actor,
): FoundParent[] {
  const missing = ids.flatMap((id, at) => (found.has(id) ? [] : [unknownParent(id, at)]));
  if (missing.length > 0) throw validationFailed(missing);
  return ids.map((id) => {
    const parent = found.get(id) as FoundParent;
    requireTypeScope(caller, parent.type);
    return parent;
  });
}

function unknownParent(id: string, at: number) {
  const message = id.startsWith('ref:')
    ? `no task of this batch has the ref ${JSON.stringify(id.slice(4))}; refs name tasks of the same batch`
    : `no task has the id ${JSON.stringify(id)}`;
  return { pointer: `/dependsOn/${at}`, code: 'unknown_reference', message };
}

/**
 * Lets parents know that others depend on them, before these are written. The mark moves neither their version
 * nor their index keys, so nobody loses a race to it; a mark without an edge costs one empty Query at their end.
 */
export async function markParents(tenantId: string, parents: readonly FoundParent[]): Promise<void> {
  await mapConcurrently(
    parents.filter(({ marked }) => !marked),
    8,
    async ({ id }) => {
      try {
        await updateItem(
          'tasks',
          taskKey(tenantId, id),
          { text: 'SET dependents = :true', values: { ':true': true } },
          { text: 'attribute_exists(pk)' },
        );
      } catch (error) {
        // Removed since it was read, at the end of its time: whoever waits for it is told by its own record.
        if (!(error instanceof ConditionFailed)) throw error;
      }
    },
  );
}
