import type { Actor } from '../../shared/actor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { queryPage, updateItem } from '../../shared/dynamo/table.ts';
import { TransactionRefused, transactWrite, type Write } from '../../shared/dynamo/transaction.ts';
import { chunkPartition, type Merge, type MovedChunk, statusWrite } from './merge-item.ts';
import { unlessTurned, withoutRefused } from './move-references.ts';
import { referrerOf } from './referrers.ts';

/**
 * Moves back what a merge has moved, as far as it still refers to the primary: chunk by chunk of the log, each in
 * a transaction that marks the chunk, so that it is done once.
 * @param isOver asked before each chunk
 * @returns false when there was no time for all
 */
export async function returnReferences(merge: Merge, actor: Actor, isOver: () => boolean): Promise<boolean> {
  let startKey: Item | undefined;
  do {
    const page = await queryPage({
      table: 'platform',
      key: { text: 'pk = :pk', values: { ':pk': chunkPartition(actor.caller.tenantId, merge.id) } },
      consistent: true,
      ...(startKey && { startKey }),
    });
    for (const chunk of page.items as unknown as MovedChunk[]) {
      if (isOver()) return false;
      if (!chunk.returned) await returnChunk(chunk, merge, actor);
    }
    startKey = page.lastKey;
  } while (startKey);
  return true;
}

async function returnChunk(
  { pk, sk, kind, from, ids }: MovedChunk,
  merge: Merge,
  actor: Actor,
): Promise<void> {
  const referrer = referrerOf(kind);
  const mark: Write = {
    kind: 'update',
    table: 'platform',
    key: { pk, sk },
    update: { text: 'SET returned = :true', values: { ':true': true } },
    condition: { text: 'attribute_not_exists(returned)' },
  };
  let rest = ids;
  for (;;) {
    try {
      const back = rest.flatMap((id) => referrer.turn(id, merge.primaryId, from, actor));
      await transactWrite([mark, ...back]);
      return;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const failed = error.failed.map(({ index }) => index - 1);
      // Somebody else has returned it.
      if (failed.includes(-1)) return;
      rest = withoutRefused(referrer, rest, failed);
    }
  }
}

/** The undoing is over. */
export async function completeUndo({ id }: Merge, { caller }: Actor): Promise<void> {
  const { table, key, update, condition } = statusWrite(caller.tenantId, id, ['undoing'], 'undone');
  await unlessTurned(() => updateItem(table, key, update, condition));
}
