import type { Actor } from '../../shared/actor.ts';
import type { VersionCondition } from '../../shared/etag.ts';
import { newId } from '../../shared/ids.ts';
import { log } from '../../shared/logger.ts';
import type { PlannedWrite, WritePlan } from '../../shared/write-plan.ts';
import { enqueueBuiltin } from '../../tasks/enqueue/enqueue.ts';
import { contact } from '../contacts/contact.ts';
import { carryOutPlanned } from '../records/carry-out-planned.ts';
import type { MergeInput } from './merge-input.ts';
import { type MergeResult, planMerge } from './plan-merge.ts';
import { planUndo } from './plan-undo.ts';
import { mergeType, settleAfterSeconds, settleMerge } from './settle-merge.ts';

/** Writes the transaction of a merge; the REST handler adds the idempotency record of its answer. */
export type CommitMerge = (writes: PlannedWrite[], result: MergeResult) => Promise<void>;

/**
 * Merges contacts into one. When this returns, the merge has happened for everybody: the old ids lead to the primary.
 * References have moved too, unless there were too many for the time; a task that was enqueued in the same
 * transaction moves the rest.
 * @param isOver true when no more references may be moved in this request
 * @throws {Problem} as `planMerge`
 */
export async function mergeContacts(
  input: MergeInput,
  actor: Actor,
  commit: CommitMerge,
  isOver: () => boolean,
  ifMatch?: VersionCondition,
): Promise<MergeResult> {
  const mergeId = newId('mrg');
  const plan = () => planMerge(contact, input, mergeId, actor, ifMatch);
  const result = await commitWithTask(plan, `Merge of ${input.otherIds.length + 1} contacts`, actor, commit);
  return settled(result, actor, isOver);
}

/**
 * Undoes a merge: the others are contacts again, at once; their references come back as they went.
 * @throws {Problem} as `planUndo`
 */
export async function undoMerge(
  mergeId: string,
  actor: Actor,
  commit: CommitMerge,
  isOver: () => boolean,
): Promise<MergeResult> {
  const plan = () => planUndo(contact, mergeId, actor);
  const result = await commitWithTask(plan, 'Undoing of a merge of contacts', actor, commit);
  return settled(result, actor, isOver);
}

/** The plan and the task that brings it to its end, in one transaction. */
async function commitWithTask(
  plan: () => Promise<WritePlan<MergeResult>>,
  title: string,
  actor: Actor,
  commit: CommitMerge,
): Promise<MergeResult> {
  // What is refused sends no message for its task.
  let first: WritePlan<MergeResult> | undefined = await plan();
  const { result } = first;
  const order = { type: mergeType, input: { mergeId: result.merge.id }, title };
  let done = result;
  await enqueueBuiltin({ ...order, priority: 0, delaySeconds: settleAfterSeconds }, actor, async (task) => {
    const next = async () => {
      const planned = first ?? (await plan());
      first = undefined;
      return planned;
    };
    done = await carryOutPlanned(next, ({ writes, result: wanted }) => commit([...writes, ...task], wanted));
  });
  return done;
}

/** What goes wrong from here on is made good by the task: the merge itself is done. */
async function settled(result: MergeResult, actor: Actor, isOver: () => boolean): Promise<MergeResult> {
  try {
    const { merge } = await settleMerge(result.merge.id, actor, isOver);
    return { ...result, merge };
  } catch (error) {
    log().warn('a merge is left to its task', { mergeId: result.merge.id, error: error as Error });
    return result;
  }
}
