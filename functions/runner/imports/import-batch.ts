import { emailKey } from '../../crm/records/normalise.ts';
import type { Actor } from '../../shared/actor.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { Problem } from '../../shared/problem.ts';
import { type ImportInput, matchField } from '../../tasks/imports/import-input.ts';
import type { CsvRow } from './csv-rows.ts';
import type { RowError } from './error-file.ts';
import type { ImportState } from './import-state.ts';
import { type Columns, rowToContact } from './row-to-contact.ts';
import { tryRow, writeRow } from './write-row.ts';

export interface BatchContext {
  input: ImportInput;
  columns: Columns;
  taskId: string;
  actor: Actor;
  /** Counts what happens. */
  state: ImportState;
  /** The e-mail addresses that a dry run has come across. */
  seen: Set<string>;
}

/** Contacts at work at once. */
const concurrency = 8;

interface CheckedRow {
  row: CsvRow;
  fields: Record<string, unknown>;
}

/**
 * Writes some rows, many at a time; rows about the same contact one after the other, in the order of the file.
 * @returns the rows that failed, in the order of the file
 */
export async function importBatch(rows: CsvRow[], context: BatchContext): Promise<RowError[]> {
  const { state, columns, input } = context;
  const failures: RowError[] = [];
  const sameContact = new Map<string, CheckedRow[]>();
  for (const row of rows) {
    try {
      const fields = rowToContact(row.cells, columns, input.mode);
      const email = fields[matchField];
      const key = typeof email === 'string' ? emailKey(email) : `line ${row.line}`;
      sameContact.set(key, [...(sameContact.get(key) ?? []), { row, fields }]);
    } catch (error) {
      failures.push(failureOf(row, error));
    }
  }
  await mapConcurrently([...sameContact.values()], concurrency, async (group) => {
    for (const { row, fields } of group) {
      try {
        state[await importRow(row, fields, context)] += 1;
      } catch (error) {
        failures.push(failureOf(row, error));
      }
    }
  });
  state.rows += rows.length;
  state.failed += failures.length;
  return failures.sort((a, b) => a.line - b.line);
}

async function importRow(row: CsvRow, fields: Record<string, unknown>, context: BatchContext) {
  const { input, taskId, actor, seen } = context;
  if (!input.dryRun) return writeRow(fields, input.mode, { taskId, line: row.line }, actor);
  const email = fields[matchField];
  if (typeof email === 'string' && input.mode === 'create') {
    if (seen.has(emailKey(email))) {
      throw new Problem('duplicate', `An earlier row of the file has the same ${matchField}`);
    }
    seen.add(emailKey(email));
  }
  return tryRow(fields, input.mode, actor);
}

/** @throws what is not the row's fault */
function failureOf({ line, cells }: CsvRow, error: unknown): RowError {
  if (error instanceof Problem && error.code !== 'unavailable') return { line, cells, problem: error };
  throw error;
}
