import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { Problem } from '../../shared/problem.ts';
import { findExisting } from './find-existing.ts';
import { type Existing, failureOf, type ImportContext, type ReadRow, readRow } from './import-context.ts';
import { packRows, type RowGroup } from './pack-rows.ts';
import { type PlannedRow, planRow } from './plan-row.ts';
import type { RowError, SourceRow } from './row-source.ts';
import { namesOf } from './take-values.ts';
import { tryRows } from './try-rows.ts';
import { writeAlone } from './write-alone.ts';
import { writeGroup } from './write-group.ts';

/** Plans at once: those of entities with rules may read. */
const plansAtOnce = 8;
/** Transactions at once. */
const transactionsAtOnce = 8;

/**
 * Imports rows, or says what would become of them. Rows about one record or one unique value take effect in the
 * order of the file, all others together.
 * @returns the rows that cannot be imported, in the order of the file
 */
export async function writeRows(rows: SourceRow[], context: ImportContext): Promise<RowError[]> {
  const failures: RowError[] = [];
  let pending: ReadRow[] = [];
  for (const row of rows) {
    try {
      pending.push(readRow(row, context));
    } catch (error) {
      failures.push(failureOf(row, error));
    }
  }
  while (pending.length > 0) {
    const { wave, later } = takeWave(pending, context);
    failures.push(...(await writeWave(wave, context)));
    pending = later;
  }
  context.state.rows += rows.length;
  context.state.failed += failures.length;
  return failures.sort((a, b) => a.row.line - b.row.line);
}

/** The rows that share nothing with one before them. */
function takeWave(rows: ReadRow[], context: ImportContext): { wave: ReadRow[]; later: ReadRow[] } {
  const touched = new Set<string>();
  const wave: ReadRow[] = [];
  const later: ReadRow[] = [];
  for (const row of rows) {
    const names = namesOf(row, context);
    (names.some((name) => touched.has(name)) ? later : wave).push(row);
    for (const name of names) touched.add(name);
  }
  return { wave, later };
}

async function writeWave(wave: ReadRow[], context: ImportContext): Promise<RowError[]> {
  const { input } = context.plan;
  const failures: RowError[] = [];
  const existing: Existing[] = input.mode === 'create' ? [] : await findExisting(wave, context);
  const results = await mapConcurrently(wave, plansAtOnce, async (read, at) => {
    try {
      return await planRow(read, existing[at], context);
    } catch (error) {
      return failureOf(read.row, error);
    }
  });
  const planned: PlannedRow[] = [];
  for (const result of results) {
    if ('problem' in result) failures.push(result);
    else planned.push(result);
  }
  return [
    ...failures,
    ...(input.dryRun ? await tryWave(planned, context) : await carryOutWave(planned, context)),
  ];
}

async function tryWave(planned: PlannedRow[], context: ImportContext): Promise<RowError[]> {
  const outcomes = await tryRows(planned, context);
  return planned.flatMap(({ read }, at) => {
    const outcome = outcomes[at];
    if (outcome instanceof Problem) return [failureOf(read.row, outcome)];
    if (outcome) context.state[outcome] += 1;
    return [];
  });
}

async function carryOutWave(planned: PlannedRow[], context: ImportContext): Promise<RowError[]> {
  const { state } = context;
  const failures: RowError[] = [];
  for (const { outcome } of planned.filter(({ writes }) => writes.length === 0)) state[outcome] += 1;
  const { lanes, alone } = packRows(planned.filter(({ writes }) => writes.length > 0));
  const again: ReadRow[] = [];
  const write = async (group: RowGroup) => {
    const { done, refused } = await writeGroup(group);
    for (const outcome of done) state[outcome] += 1;
    for (const { row, problem } of refused) {
      // Where a record may be there already, what stands in the way may be gone or be the record itself.
      if (context.plan.input.mode === 'create' && problem.code !== 'conflict')
        failures.push(failureOf(row.read.row, problem));
      else again.push(row.read);
    }
  };
  await mapConcurrently(lanes, transactionsAtOnce, async (lane) => {
    for (const group of lane) await write(group);
  });
  const inOrder = [...again, ...alone.map(({ read }) => read)].sort((a, b) => a.row.line - b.row.line);
  for (const read of inOrder) {
    try {
      state[await writeAlone(read, context)] += 1;
    } catch (error) {
      failures.push(failureOf(read.row, error));
    }
  }
  return failures;
}
