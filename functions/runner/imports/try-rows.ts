import { isLiving } from '../../crm/records/record-item.ts';
import type { Problem } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { readAll } from './find-existing.ts';
import { type ImportContext, type ReadRow, type RowOutcome, readRow } from './import-context.ts';
import type { PlannedRow } from './plan-row.ts';
import type { SourceRow } from './row-source.ts';
import { afterEarlierRows } from './take-values.ts';

/**
 * What would refuse planned rows, as far as it can be read: unique values that are taken, by the table or by an
 * earlier row of the file, and references that lead nowhere. Nothing is written.
 * @returns for each row what it would do, or why it cannot
 */
export async function tryRows(rows: PlannedRow[], context: ImportContext): Promise<(RowOutcome | Problem)[]> {
  const judged = rows.flatMap(({ writes }) => writes.filter(isJudged));
  const item = await readAll(judged.map(({ write }) => keyOf(write)));
  return rows.map((row) => {
    const failed = row.writes.filter(isJudged).find(({ write }) => {
      const current = item(keyOf(write));
      return write.kind === 'check'
        ? !isLiving(current)
        : current !== undefined && current.recordId !== row.id;
    });
    return failed?.refused?.(item(keyOf(failed.write))) ?? afterEarlierRows(row, context);
  });
}

/** Guards that are taken, and checks of records: both say what a refusal means. */
function isJudged({ write, refused }: PlannedWrite): boolean {
  return (
    refused !== undefined && (write.kind === 'check' || (write.kind === 'put' && write.item.sk === 'guard'))
  );
}

function keyOf(write: PlannedWrite['write']) {
  const { pk, sk } = write.kind === 'put' ? write.item : write.key;
  return { pk, sk };
}

/** Notes what a row takes that an earlier run of the task has passed. */
export function noteRow(row: SourceRow, context: ImportContext): void {
  let read: ReadRow;
  try {
    read = readRow(row, context);
  } catch {
    return;
  }
  const { input, patch } = context.plan.definition;
  const valid = [input, patch].some((schema) => schema.safeParse(read.fields).success);
  if (valid) afterEarlierRows({ read, outcome: 'created', writes: [] }, context);
}
