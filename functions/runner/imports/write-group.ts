import { TransactionRefused, transactWrite, type Write } from '../../shared/dynamo/transaction.ts';
import { Problem } from '../../shared/problem.ts';
import type { RowOutcome } from './import-context.ts';
import { itemName, type RowGroup } from './pack-rows.ts';
import { type PlannedRow, RowWritten } from './plan-row.ts';

/** How the rows of a transaction ended. */
export interface GroupOutcome {
  done: RowOutcome[];
  /** Refused, with what stands in the way. */
  refused: { row: PlannedRow; problem: Problem }[];
}

/**
 * Writes rows in one transaction. When it is refused, DynamoDB names the actions whose conditions do not hold: their
 * rows fall out and the others are sent again, so rows that cannot be written cost calls and never the others.
 * @throws what is not the fault of a row
 */
export async function writeGroup(group: RowGroup): Promise<GroupOutcome> {
  const outcome: GroupOutcome = { done: [], refused: [] };
  let rest = group;
  while (rest.length > 0) {
    const { writes, rowsOf } = merged(rest);
    try {
      await transactWrite(writes);
      outcome.done.push(...rest.map((row) => row.outcome));
      return outcome;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const settled = new Map<PlannedRow, Problem>();
      for (const { index, current } of error.failed) {
        for (const { row, at } of rowsOf[index] ?? []) {
          const planned = row.writes[at];
          const problem =
            planned?.refused?.(current) ?? new Problem('conflict', 'The record was changed meanwhile');
          // The first of its writes tells most: that of the record itself.
          if (!settled.has(row)) settled.set(row, problem);
        }
      }
      if (settled.size === 0) throw error;
      for (const [row, problem] of settled) {
        if (isWritten(row, problem)) outcome.done.push(row.outcome);
        else outcome.refused.push({ row, problem });
      }
      rest = rest.filter((row) => !settled.has(row));
    }
  }
  return outcome;
}

/** True when an earlier run of the task has written the row: its record is there, or holds the unique value. */
export function isWritten({ id }: Pick<PlannedRow, 'id'>, problem: Problem): boolean {
  if (problem instanceof RowWritten) return true;
  return id !== undefined && problem.code === 'duplicate' && problem.options.extensions?.existingId === id;
}

interface Merged {
  writes: Write[];
  /** For each write the rows that it is for, with the place among their own. */
  rowsOf: { row: PlannedRow; at: number }[][];
}

/** The writes of rows, equal checks once: see packRows. */
function merged(rows: RowGroup): Merged {
  const indexOf = new Map<string, number>();
  const result: Merged = { writes: [], rowsOf: [] };
  for (const row of rows) {
    row.writes.forEach(({ write }, at) => {
      const name = itemName(write);
      const index = indexOf.get(name) ?? result.writes.length;
      if (index === result.writes.length) {
        indexOf.set(name, index);
        result.writes.push(write);
        result.rowsOf.push([]);
      }
      result.rowsOf[index]?.push({ row, at });
    });
  }
  return result;
}
