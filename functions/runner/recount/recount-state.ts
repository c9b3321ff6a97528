import * as z from 'zod/mini';
import type { TaskItem } from '../../tasks/task.ts';

/** Differences that are told one by one. */
export const maxDifferences = 100;

const difference = z.strictObject({
  /** Which item, e.g. `counters deal` or `due#task 2026-11`. */
  item: z.string(),
  counter: z.string(),
  was: z.number(),
  is: z.number(),
});
export type Difference = z.infer<typeof difference>;

const stateSchema = z.strictObject({
  /** Entities that have been recounted, with the records that were looked at. */
  done: z.record(z.string(), z.int()),
  /** Counters that were not as they should be. */
  corrected: z.int(),
  differences: z.array(difference),
  /** Epoch milliseconds since when a write that is not followed yet is waited for. */
  waitingSince: z.nullable(z.number()),
});

/** How far a recount has come beyond what its marker says: its task's checkpoint. */
export type RecountState = z.infer<typeof stateSchema>;

export function stateOf({ checkpoint }: Pick<TaskItem, 'checkpoint'>): RecountState {
  if (checkpoint !== undefined) return stateSchema.parse(JSON.parse(checkpoint));
  return { done: {}, corrected: 0, differences: [], waitingSince: null };
}

export function note(state: RecountState, found: Difference[]): void {
  state.corrected += found.length;
  state.differences.push(...found.slice(0, maxDifferences - state.differences.length));
}
