import * as z from 'zod/mini';
import { settleMerge } from '../../crm/merge/settle-merge.ts';
import { systemActor } from '../../shared/actor.ts';
import { parseLossless } from '../../shared/json.ts';
import { validate } from '../../shared/validation.ts';
import type { BuiltinContext, BuiltinOutcome } from '../builtin.ts';

const order = z.strictObject({ mergeId: z.string() });

/**
 * Looks after a merge or its undoing some seconds after the request: moves what the request had no time for, what a
 * crash has left, and what the indexes did not show yet. Its result is `{mergeId, status, moved}`.
 */
export async function settleMerges({
  task,
  requestId,
  remainingMillis,
}: BuiltinContext): Promise<BuiltinOutcome> {
  const { mergeId } = validate(order, parseLossless(task.input ?? 'null'));
  const actor = systemActor(task.tenantId, requestId);
  const { merge, finished } = await settleMerge(mergeId, actor, () => remainingMillis() <= 0);
  // It begins from the start: what has been moved is not met again.
  if (!finished) return { checkpoint: '{}' };
  const { status, moved } = merge;
  const count = Object.values(moved).reduce((sum, one) => sum + one, 0);
  return {
    result: { mergeId, status, moved },
    progress: { percent: 100, message: `${count} moved${status === 'undone' ? ' and moved back' : ''}` },
  };
}
