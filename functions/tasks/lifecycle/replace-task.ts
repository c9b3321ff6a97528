import type { Actor } from '../../shared/actor.ts';
import { Problem } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import type { TaskItem } from '../task.ts';
import { stamp } from './end-task.ts';

const attempts = 5;
const sameVersion = '#version = :version';

/** A task as it will stand after a change that was decided on the task as it was read. */
export function changed(before: TaskItem, members: Partial<TaskItem>, actor: Actor, at: Date): TaskItem {
  return { ...before, ...members, ...stamp(at, actor), version: before.version + 1 } as TaskItem;
}

/**
 * Writes a task over the version that was read; `conflict` when it has moved on since. The mark that others depend
 * on it does not move the version: were it lost here, nobody would tell them of its end.
 */
export function replaceTask(after: TaskItem): PlannedWrite {
  return {
    write: {
      kind: 'put',
      table: 'tasks',
      item: after,
      condition: {
        text: after.dependents ? sameVersion : `${sameVersion} AND attribute_not_exists(dependents)`,
        names: { '#version': 'version' },
        values: { ':version': after.version - 1 },
      },
    },
  };
}

/** Reads and decides anew while others change the task in between. @throws {Problem} `conflict` if it does not end */
export async function untilUndisturbed<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'conflict' || tried === attempts) throw error;
    }
  }
}
