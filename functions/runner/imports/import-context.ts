import type { CrmRecord } from '../../crm/records/entity.ts';
import type { Actor } from '../../shared/actor.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import type { ImportPlan } from '../../tasks/imports/import-input.ts';
import { withoutComputed } from '../../tasks/imports/record-columns.ts';
import type { TaskItem } from '../../tasks/task.ts';
import type { ImportState } from './import-state.ts';
import type { RowError, RowSource, SourceRow } from './row-source.ts';
import type { SeenValues } from './seen-values.ts';

/** What every step of an import knows. */
export interface ImportContext {
  plan: ImportPlan;
  task: Pick<TaskItem, 'id' | 'tenantId' | 'createdAt'>;
  actor: Actor;
  source: Pick<RowSource, 'toFields'>;
  /** Counts what happens. */
  state: ImportState;
  /** The unique values that a dry run has come across. */
  seen: SeenValues;
}

/** A row whose cells have been read. */
export interface ReadRow {
  row: SourceRow;
  /** Members of the record, not yet checked; without the id. */
  fields: Record<string, unknown>;
  /** What finds the row's record: an id or a unique value; absent where the row is a new record. */
  match?: string;
}

export type RowOutcome = 'created' | 'updated' | 'unchanged';

/** The record that a row is about, as it stands. */
export type Existing = CrmRecord | undefined;

/** The fields of a row and what finds its record. @throws {Problem} `validation_failed` */
export function readRow(row: SourceRow, { plan, source }: ImportContext): ReadRow {
  const { id, ...given } = source.toFields(row);
  const fields = Object.fromEntries(
    Object.entries(given).map(([field, value]) => [field, withoutComputed(plan.definition, field, value)]),
  );
  const { mode } = plan.input;
  if (mode === 'create') return { row, fields };
  const match = plan.matchBy === 'id' ? id : fields[plan.matchBy];
  if (typeof match === 'string' && match !== '') return { row, fields, match };
  if (plan.matchBy === 'id' && mode === 'upsert' && (match === undefined || match === null))
    return { row, fields };
  throw validationFailed([
    { pointer: `/${plan.matchBy}`, code: 'required', message: `is required to find the record` },
  ]);
}

/** @throws what is not the row's fault */
export function failureOf(row: SourceRow, error: unknown): RowError {
  const ours =
    !(error instanceof Problem) || ['unavailable', 'internal', 'rate_limited'].includes(error.code);
  if (ours) throw error;
  return { row, problem: error };
}
