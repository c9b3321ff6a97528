import type { Actor } from '../../shared/actor.ts';
import { parseLossless } from '../../shared/json.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { validate } from '../../shared/validation.ts';
import { type RedriveOrder, redriveOrder } from '../../tasks/dead-letters/redrive-input.ts';
import { redriveOne } from '../../tasks/dead-letters/redrive-one.ts';
import { note, type RedriveState, resultOf, stateOf } from '../../tasks/dead-letters/redrive-state.ts';
import { selectDead } from '../../tasks/dead-letters/select-dead.ts';
import type { BuiltinContext, BuiltinOutcome } from '../builtin.ts';
import { pacer } from './pacer.ts';

/** Tasks at work at once. */
const concurrency = 16;
/** Tasks of a batch: about a second's worth, since there is a checkpoint before each. */
const largestBatch = 250;

/**
 * Makes dead tasks ready again; see POST /api/v1/dead-letters/redrive. What is going to be done is kept as a
 * checkpoint before it is done, so a run after a crash comes to every task again that may not have been counted,
 * and finds by its mark whether it was done. Its result is `{matched, redriven, skipped, failed, failures, dryRun}`.
 */
export async function redriveDeadLetters(context: BuiltinContext): Promise<BuiltinOutcome> {
  const { task } = context;
  const order = validate(redriveOrder, parseLossless(task.input ?? 'null'));
  const state = stateOf(task);
  const turn = pacer(order.ratePerSecond);
  const limit = Math.min(largestBatch, order.ratePerSecond);
  for (;;) {
    if (state.batch.length === 0) {
      const selection = await selectDead(order, task.tenantId, state.position, limit);
      if (selection.batch.length === 0) break;
      Object.assign(state, selection);
      const kept = JSON.stringify(state);
      const cancelled = await context.report(progressOf(state, order), kept);
      // A release of a task that is to be cancelled cancels it.
      if (cancelled || context.remainingMillis() <= 0) return { checkpoint: kept };
    }
    await redriveBatch(state, order, context, turn);
    if (state.batch.length > 0) return { checkpoint: JSON.stringify(state) };
  }
  return { result: resultOf(state, order.dryRun), progress: { ...progressOf(state, order), percent: 100 } };
}

/** Takes up the batch; what there was no time for stays in it. */
async function redriveBatch(
  state: RedriveState,
  order: RedriveOrder,
  context: BuiltinContext,
  turn: () => Promise<void>,
): Promise<void> {
  const actor = actorOf(context, order);
  const outcomes = await mapConcurrently(state.batch, concurrency, async (selected) =>
    context.remainingMillis() <= 0
      ? { selected }
      : { outcome: await redriveOne(selected, order, context.task.id, actor, turn) },
  );
  state.batch = outcomes.flatMap(({ selected }) => selected ?? []);
  for (const { selected, outcome } of outcomes) if (selected === undefined) note(state, outcome);
}

/** The redrive is the work of whoever asked for it, with no more rights than they had. */
function actorOf({ task, requestId }: BuiltinContext, { taskTypes }: RedriveOrder): Actor {
  const { tenantId, createdBy: subject } = task;
  return { caller: { tenantId, subject, role: 'worker', ...(taskTypes && { taskTypes }) }, requestId };
}

/** How many there are is known only where ids were given. */
function progressOf({ redriven, skipped, failed }: RedriveState, { ids, dryRun }: RedriveOrder) {
  const done = redriven + skipped + failed;
  const message = `${redriven} ${dryRun ? 'can be redriven' : 'redriven'}, ${skipped} skipped, ${failed} failed`;
  return {
    ...(ids && { percent: Math.min(99, Math.floor((100 * done) / new Set(ids).size)) }),
    message,
  };
}
