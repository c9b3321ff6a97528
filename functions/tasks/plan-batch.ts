import type { Actor } from '../shared/actor.ts';
import { mapConcurrently } from '../shared/map-concurrently.ts';
import { Problem, type ProblemDetail } from '../shared/problem.ts';
import { validate } from '../shared/validation.ts';
import { planTask } from './enqueue.ts';
import { enqueueInput } from './enqueue-input.ts';
import type { TaskItem } from './task.ts';

/** One task of a batch before anything is written: as it would be stored, or why it cannot be. */
export type PlannedEntry = { index: number; task: TaskItem } | { index: number; problem: Problem };

/** Looks at every task of a batch by itself; problems point into the batch. */
export function planBatch(bodies: Record<string, unknown>[], actor: Actor): Promise<PlannedEntry[]> {
  const keys = new Set<string>();
  return mapConcurrently(bodies, 8, async (body, index): Promise<PlannedEntry> => {
    try {
      const input = validate(enqueueInput, body);
      if (input.dedupeKey !== undefined) {
        const key = `${input.type}#${input.dedupeKey}`;
        if (keys.has(key))
          throw new Problem('duplicate', 'An earlier task of this batch has the same dedupeKey');
        keys.add(key);
      }
      return { index, task: await planTask(input, actor) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { index, problem: pointInto(error, index) };
    }
  });
}

function pointInto(problem: Problem, index: number): Problem {
  const errors = problem.options.errors?.map(
    (detail): ProblemDetail =>
      detail.pointer === undefined ? detail : { ...detail, pointer: `/tasks/${index}${detail.pointer}` },
  );
  return new Problem(problem.code, problem.detail, { ...problem.options, ...(errors && { errors }) });
}
