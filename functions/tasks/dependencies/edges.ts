import type { Item, Key } from '../../shared/dynamo/item.ts';
import { ConditionFailed, deleteItem, queryPage } from '../../shared/dynamo/table.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { type TaskItem, taskKey } from '../task.ts';

/**
 * An edge leads from a task to one that waits for it. It lies in the partition of the parent, so that the end of
 * a task finds whom to tell, and is made in the transaction that makes the child wait. It is deleted last, once
 * the child has been told: whoever is interrupted before that tells it again, and being told twice is the same.
 */
export interface Edge extends Item, Key {
  entity: 'dependent';
  taskId: string;
  /** The version with which the child began to wait; a child that was retried waits under a new edge. */
  since: number;
}

const prefix = 'dependent#';

/** The sort keys of edges; the stream of the tasks table does not carry them (lib/processing.ts). */
export function edgeKey(tenantId: string, parentId: string, childId: string): Key {
  return { pk: taskKey(tenantId, parentId).pk, sk: `${prefix}${childId}` };
}

/**
 * The edges that lead to a task from those that it waits for.
 * @param made parents that are written together with it and name it themselves
 */
export function edgeWrites(task: TaskItem, made: ReadonlySet<string> = new Set()): PlannedWrite[] {
  return [...(task.awaits ?? [])]
    .filter((id) => !made.has(id))
    .map((id) => ({
      write: {
        kind: 'put',
        table: 'tasks',
        item: {
          ...edgeKey(task.tenantId, id, task.id),
          entity: 'dependent',
          taskId: task.id,
          since: task.version,
        } satisfies Edge,
      },
    }));
}

const pageSize = 100;

/** One Query of a parent's edges, consistent: an edge is there as soon as its child is. */
export async function readEdges(
  tenantId: string,
  parentId: string,
  after: string | undefined,
): Promise<{ edges: Edge[]; next: string | undefined }> {
  const { pk } = taskKey(tenantId, parentId);
  const { items, lastKey } = await queryPage({
    table: 'tasks',
    key: { text: 'pk = :pk AND begins_with(sk, :edge)', values: { ':pk': pk, ':edge': prefix } },
    consistent: true,
    limit: pageSize,
    ...(after !== undefined && { startKey: { pk, sk: after } }),
  });
  return { edges: items as Edge[], next: lastKey?.sk as string | undefined };
}

/** Deletes an edge, unless its child waits anew since it was read. */
export async function deleteEdge({ pk, sk, since }: Pick<Edge, 'pk' | 'sk' | 'since'>): Promise<void> {
  try {
    await deleteItem('tasks', { pk, sk }, { text: 'since = :since', values: { ':since': since } });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
