import { isDeepStrictEqual } from 'node:util';
import { fromAttributes, type Item, toAttributes } from './dynamo/item.ts';
import { ConditionFailed, deleteItem, putItem, updateItem } from './dynamo/table.ts';
import { maxTransactionWrites, TransactionRefused, transactWrite, type Write } from './dynamo/transaction.ts';
import { Problem } from './problem.ts';

/** A write together with what it means when its condition does not hold. */
export interface PlannedWrite {
  write: Write;
  /** The problem to answer; `current` is the item as it stood. Absent: `conflict`. */
  refused?: (current: Item | undefined) => Problem;
  /**
   * Of several updates of one item in a transaction that set the same members and have a rank, the highest does for
   * all: the latest of several calls to one contact. Two updates without one are a conflict.
   */
  rank?: string;
}

/** What a command is going to do, decided but not yet done: all of its writes happen or none. */
export interface WritePlan<Result> {
  writes: PlannedWrite[];
  result: Result;
}

/**
 * Carries a plan out: one plain call for a single write, one transaction otherwise.
 * @throws {Problem} of the first write whose condition does not hold, in the plan's order
 */
export async function carryOut(writes: PlannedWrite[]): Promise<void> {
  if (writes.length > maxTransactionWrites) {
    throw new Problem(
      'validation_failed',
      `This needs ${writes.length} writes in one transaction and the limit is ${maxTransactionWrites}; send fewer operations`,
    );
  }
  const [first] = writes;
  if (!first) return;
  try {
    if (writes.length === 1 && first.write.kind !== 'check') await writeOne(first.write);
    else await transactWrite(writes.map(({ write }) => write));
  } catch (error) {
    if (error instanceof ConditionFailed) {
      if (isWritten(first.write, error.current)) return;
      throw refusal(first, error.current);
    }
    if (error instanceof TransactionRefused) {
      const [failed] = error.failed;
      const planned = failed && writes[failed.index];
      if (failed && planned) throw refusal(planned, failed.current);
    }
    throw error;
  }
}

/**
 * A call is sent again when its answer is lost, and is then refused by what it has written itself: planned anew, the
 * payment or the record would be there twice. (A transaction has a token against that.)
 */
function isWritten(write: Write, current: Item | undefined): boolean {
  return write.kind === 'put' && isDeepStrictEqual(current, fromAttributes(toAttributes(write.item)));
}

function refusal({ write, refused }: PlannedWrite, current: Item | undefined): Problem {
  const { pk, sk } = write.kind === 'put' ? write.item : write.key;
  return (
    refused?.(current) ??
    new Problem('conflict', 'The record was changed by someone else; try again', { contended: `${pk}#${sk}` })
  );
}

async function writeOne(write: Exclude<Write, { kind: 'check' }>): Promise<void> {
  switch (write.kind) {
    case 'put':
      return putItem(write.table, write.item, write.condition);
    case 'update':
      await updateItem(write.table, write.key, write.update, write.condition);
      return;
    case 'delete':
      return deleteItem(write.table, write.key, write.condition);
  }
}
