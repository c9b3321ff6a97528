import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../shared/problem.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { findExisting } from './find-existing.ts';
import type { ImportContext, ReadRow, RowOutcome } from './import-context.ts';
import { planRow } from './plan-row.ts';
import { isWritten } from './write-group.ts';

/** Rows that wait for one number, say, come through one after the other. */
const attempts = 12;
const longestPauseMillis = 80;

/**
 * Writes one row by itself, planned on what stands now and again while others are faster.
 * @throws {Problem} why the row cannot be written
 */
export async function writeAlone(read: ReadRow, context: ImportContext): Promise<RowOutcome> {
  let found: string | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const [existing] = await findExisting([read], context);
    const planned = await planRow(read, existing, context);
    if (planned.writes.length === 0) return planned.outcome;
    try {
      await carryOut(planned.writes);
      return planned.outcome;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (isWritten(planned, error)) return planned.outcome;
      // Made, deleted or changed by someone else between the look and the write.
      const raced =
        error.code === 'conflict' ||
        (error.code !== found && ['duplicate', 'not_found'].includes(error.code));
      if (!raced || attempt === attempts) throw error;
      if (error.code !== 'conflict') found = error.code;
      await sleep(Math.random() * Math.min(longestPauseMillis, 5 * 2 ** attempt));
    }
  }
}
