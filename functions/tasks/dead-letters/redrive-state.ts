import * as z from 'zod/mini';
import { beginningOf } from '../../shared/beginning-of.ts';
import type { TaskItem } from '../task.ts';

const failure = z.strictObject({ id: z.string(), code: z.string(), message: z.string() });
export type RedriveFailure = z.infer<typeof failure>;

/** Failures that are told one by one. */
export const maxFailures = 100;
const maxMessage = 200;

const stateSchema = z.strictObject({
  redriven: z.int(),
  skipped: z.int(),
  failed: z.int(),
  failures: z.array(failure),
  /** Where the selection has come to: a place in the ids, or the sort key of a death. */
  position: z.string(),
  /** What was selected and may have been done in part: `<time of death>#<id>`, or an id. */
  batch: z.array(z.string()),
});

/** How far a redrive has come: its task's checkpoint. */
export type RedriveState = z.infer<typeof stateSchema>;

/** Where to begin: at the start, or where an earlier run was broken off or died. */
export function stateOf({ checkpoint }: Pick<TaskItem, 'checkpoint'>): RedriveState {
  if (checkpoint !== undefined) return stateSchema.parse(JSON.parse(checkpoint));
  return { redriven: 0, skipped: 0, failed: 0, failures: [], position: '', batch: [] };
}

/** What became of one task; undefined: it is none of those that are meant. */
export type RedriveOutcome = 'redriven' | 'skipped' | RedriveFailure | undefined;

/** Counts what happened. */
export function note(state: RedriveState, outcome: RedriveOutcome): void {
  if (outcome === undefined) return;
  if (outcome === 'redriven' || outcome === 'skipped') {
    state[outcome] += 1;
    return;
  }
  state.failed += 1;
  if (state.failures.length >= maxFailures) return;
  state.failures.push({ ...outcome, message: beginningOf(outcome.message, maxMessage) });
}

/** The result of a redrive's task. */
export function resultOf({ redriven, skipped, failed, failures }: RedriveState, dryRun: boolean) {
  return { matched: redriven + skipped + failed, redriven, skipped, failed, failures, dryRun };
}
