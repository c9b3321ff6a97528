import { validationFailed } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';

/** A contact that was merged stays what a task may be about: tasks follow the merge. */
const isThere = 'attribute_exists(pk) AND (attribute_not_exists(deletedAt) OR attribute_exists(mergedInto))';

/**
 * Checks, in the transaction that writes tasks, that the records which they are about are there in their tenant:
 * one for each record.
 * @param pointerOf where the task with the index was named
 */
export function aboutChecks(
  tasks: readonly { tenantId: string; about?: string }[],
  pointerOf: (index: number) => string = () => '',
): PlannedWrite[] {
  const first = new Map<string, number>();
  for (const [index, { about }] of tasks.entries()) {
    if (about !== undefined && !first.has(about)) first.set(about, index);
  }
  return [...first].map(([about, index]) => {
    const [entity = '', id = ''] = about.split(':');
    return {
      write: {
        kind: 'check',
        table: 'crm',
        key: { pk: `${tasks[index]?.tenantId}#${entity}`, sk: id },
        condition: { text: isThere },
      },
      refused: () =>
        validationFailed([
          {
            pointer: `${pointerOf(index)}/about/id`,
            code: 'unknown_reference',
            message: `no ${entity} has the id ${id}`,
          },
        ]),
    };
  });
}
