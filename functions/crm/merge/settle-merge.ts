import type { Actor } from '../../shared/actor.ts';
import { getMerge } from './find-merges.ts';
import type { Merge } from './merge-item.ts';
import { completeMerge, moveReferences } from './move-references.ts';
import { completeUndo, returnReferences } from './return-references.ts';

/** The built-in type whose tasks bring merges to their end. */
export const mergeType = 'contacts.merge';

/**
 * When the task of a merge looks after it, in seconds: the request itself has moved what it could by then, and what
 * was written in the moment of the merge has come into the indexes.
 */
export const settleAfterSeconds = 10;

/**
 * Brings a merge or its undoing to its end, as far as the time allows. It can be called as often as one likes, by
 * several at once.
 * @returns the merge as it stands, and whether there is nothing left to do
 */
export async function settleMerge(
  mergeId: string,
  actor: Actor,
  isOver: () => boolean,
): Promise<{ merge: Merge; finished: boolean }> {
  const merge = await getMerge(mergeId, actor);
  const undone = merge.status === 'undoing' || merge.status === 'undone';
  // Who asked for it has done it, whoever brings it to its end.
  const subject = (undone ? merge.undoneBy : merge.createdBy) ?? merge.createdBy;
  const by: Actor = { ...actor, caller: { ...actor.caller, subject } };
  const finished = undone
    ? merge.status === 'undone' || (await returnReferences(merge, by, isOver))
    : await moveReferences(merge, by, isOver);
  if (finished && merge.status === 'undoing') await completeUndo(merge, by);
  if (finished && merge.status === 'running') await completeMerge(merge, by);
  return { merge: await getMerge(mergeId, actor), finished };
}
