import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { Problem } from '../../shared/problem.ts';
import type { WritePlan } from '../../shared/write-plan.ts';
import { mergedInto } from '../records/aliases.ts';
import type { EntityDefinition } from '../records/entity.ts';
import { replaceAtVersion } from '../records/patch-record.ts';
import { isLiving, toRecord } from '../records/record-item.ts';
import { moveGuards } from '../records/unique-guard.ts';
import { getMerge } from './find-merges.ts';
import { unmergeRecord } from './merge-fields.ts';
import { type Merge, statusWrite } from './merge-item.ts';
import { type MergeResult, mergeAudit, readItems } from './plan-merge.ts';

/**
 * The transaction that undoes a merge: the others live again with their values and what is unique of them, the
 * primary has its old values where nobody has changed them since. References follow later (return-references.ts).
 * @throws {Problem} `not_found`; `invalid_transition` when it was undone before, or its primary is deleted or part of
 *   another contact by now; `duplicate` when a unique value of the others is in use
 */
export async function planUndo(
  definition: EntityDefinition,
  mergeId: string,
  actor: Actor,
): Promise<WritePlan<MergeResult>> {
  const { tenantId, subject } = actor.caller;
  const merge = await getUndoable(mergeId, actor);
  const items = await readItems(definition, tenantId, [merge.primaryId, ...merge.otherIds]);
  const isAlias = (id: string) => items.get(id)?.mergeId === mergeId;
  if (!merge.otherIds.every(isAlias)) {
    // Somebody has undone the merge since it was read here.
    await getUndoable(mergeId, actor);
    throw new Error(`a contact of ${mergeId} is no alias of it`);
  }
  const before = toRecord(definition, requireLiving(items.get(merge.primaryId), merge.primaryId));
  const at = instant();
  const stamp = { updatedAt: at, updatedBy: subject };
  const aliases = merge.otherIds.map((id) => toRecord(definition, items.get(id) as Item));
  const others = aliases.map((alias) => ({ ...alias, ...stamp, version: alias.version + 1 }));
  const contact = {
    ...unmergeRecord(definition, before, others, merge.changes),
    ...stamp,
    version: before.version + 1,
  };
  return {
    result: { merge: { ...merge, status: 'undoing', undoneAt: at, undoneBy: subject }, contact },
    writes: [
      replaceAtVersion(definition, contact, before.version, actor),
      ...others.map((other) => replaceAtVersion(definition, other, other.version - 1, actor)),
      ...moveGuards(
        definition,
        tenantId,
        [{ id: before.id, record: before }],
        [contact, ...others].map((record) => ({ id: record.id, record })),
      ),
      {
        write: statusWrite(tenantId, mergeId, ['running', 'completed'], 'undoing', {
          undoneAt: at,
          undoneBy: subject,
        }),
      },
      mergeAudit(actor, 'undone', merge, contact),
    ],
  };
}

/** @throws {Problem} `not_found`; `invalid_transition` with `mergeStatus` for one that was undone before */
async function getUndoable(mergeId: string, actor: Actor): Promise<Merge> {
  const merge = await getMerge(mergeId, actor);
  if (merge.status !== 'undoing' && merge.status !== 'undone') return merge;
  throw new Problem('invalid_transition', 'The merge has been undone before', {
    extensions: { mergeStatus: merge.status },
  });
}

/** @throws {Problem} `invalid_transition` saying what has to be done first */
function requireLiving(primary: Item | undefined, id: string): Item {
  const [into, laterMergeId] = [mergedInto(primary), primary?.mergeId];
  if (isLiving(primary)) return primary;
  if (into === undefined) {
    throw new Problem('invalid_transition', `${id} was deleted after the merge; restore it first`);
  }
  throw new Problem(
    'invalid_transition',
    `${id} was merged into ${into} later, by ${laterMergeId}; undo that first`,
    { extensions: { mergedInto: into, laterMergeId } },
  );
}
