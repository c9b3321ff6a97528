import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { Problem, type ProblemDetail } from '../../shared/problem.ts';
import { validate } from '../../shared/validation.ts';
import { described, line } from '../fields.ts';
import type { TaskItem } from '../task.ts';
import { planTask } from './enqueue.ts';
import { enqueueInput } from './enqueue-input.ts';

/** One task of a batch before anything is written: as it would be stored, or why it cannot be. */
export type PlannedEntry = { index: number; task: TaskItem } | { index: number; problem: Problem };

/** What a caller says of a task of a batch. */
export const batchTaskInput = z.extend(enqueueInput, {
  ref: described(
    z.optional(line(64)),
    'Names the task within the batch: others depend on it as `ref:` and this name.',
  ),
});

/** Looks at every task of a batch by itself; problems point into the batch. */
export function planBatch(bodies: Record<string, unknown>[], actor: Actor): Promise<PlannedEntry[]> {
  return mapConcurrently(bodies, 8, async (body, index): Promise<PlannedEntry> => {
    try {
      const { ref: _ref, ...input } = validate(batchTaskInput, body);
      return { index, task: await planTask(input, actor) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { index, problem: pointInto(error, index) };
    }
  });
}

/** A problem of a task as one of the batch that the task is in. */
export function pointInto(problem: Problem, index: number): Problem {
  const errors = problem.options.errors?.map(
    (detail): ProblemDetail =>
      detail.pointer === undefined ? detail : { ...detail, pointer: `/tasks/${index}${detail.pointer}` },
  );
  return new Problem(problem.code, problem.detail, { ...problem.options, ...(errors && { errors }) });
}
