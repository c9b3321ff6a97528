import { Problem } from '../../shared/problem.ts';
import type { ImportContext, ReadRow, RowOutcome } from './import-context.ts';
import type { PlannedRow } from './plan-row.ts';

/** The normalised unique values of a row, by field. */
export function uniqueValues({ fields }: ReadRow, { plan }: Pick<ImportContext, 'plan'>): [string, string][] {
  return plan.definition.unique.flatMap(({ field, normalise }): [string, string][] => {
    const value = fields[field];
    const form = typeof value === 'string' ? normalise(value) : '';
    return form === '' ? [] : [[field, form]];
  });
}

/** What rows must not do at the same time: write one record or take one unique value. */
export function namesOf(read: ReadRow, { plan }: Pick<ImportContext, 'plan'>): string[] {
  const values = uniqueValues(read, { plan }).map(([field, value]) => `${field} ${value}`);
  return plan.matchBy === 'id' && read.match !== undefined ? [...values, `id ${read.match}`] : values;
}

/** What a row of a dry run would be, had the rows before it been written. */
export function afterEarlierRows(
  { read, outcome }: PlannedRow,
  context: ImportContext,
): RowOutcome | Problem {
  const values = uniqueValues(read, context);
  const matched = values.find(([field]) => field === context.plan.matchBy)?.[1] ?? read.match;
  const owner = read.match === undefined ? `line ${read.row.line}` : `match ${matched}`;
  const again = read.match !== undefined && context.seen.has(owner);
  context.seen.claim(owner, owner);
  const taken = values.find(([field, value]) => !context.seen.claim(`${field} ${value}`, owner));
  if (!taken) return again && outcome === 'created' ? 'updated' : outcome;
  const [field] = taken;
  return new Problem('duplicate', `An earlier row of the file has the same ${field}`, {
    errors: [{ pointer: `/${field}`, code: 'duplicate', message: 'an earlier row of the file has it' }],
  });
}
