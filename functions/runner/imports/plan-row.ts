import { isDeepStrictEqual } from 'node:util';
import { planCreate } from '../../crm/records/create-record.ts';
import type { CrmRecord, EntityDefinition } from '../../crm/records/entity.ts';
import { planChange } from '../../crm/records/patch-record.ts';
import { withOwnValue } from '../../crm/records/upsert-record.ts';
import { Problem } from '../../shared/problem.ts';
import { validate } from '../../shared/validation.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { withoutComputed } from '../../tasks/imports/record-columns.ts';
import type { Existing, ImportContext, ReadRow, RowOutcome } from './import-context.ts';
import { identityOf } from './row-identity.ts';

/** What a row is going to do. */
export interface PlannedRow {
  read: ReadRow;
  outcome: RowOutcome;
  /** The id of the record that the row creates. */
  id?: string;
  /** That of a new record first; none when nothing changes. */
  writes: PlannedWrite[];
}

/** An earlier run of the task has written the row. */
export class RowWritten extends Problem {
  constructor() {
    super('conflict', 'An earlier run of the import has written the row');
  }
}

/** Decides what becomes of a row. @throws {Problem} why it cannot be imported */
export async function planRow(
  read: ReadRow,
  existing: Existing,
  context: ImportContext,
): Promise<PlannedRow> {
  const { plan, task } = context;
  const { definition, matchBy } = plan;
  if (!existing) {
    const mustExist = plan.input.mode === 'update' || (matchBy === 'id' && read.match !== undefined);
    if (mustExist) throw unknownRecord(definition, matchBy);
    return planCreation(read, context);
  }
  const changes = withOwnValue(definition, matchBy, existing, changesOf(read.fields, existing, definition));
  const patch = validate(definition.patch, changes);
  const { writes, result } = await planChange(definition, existing, patch, context.actor);
  const same = definition.fields.every((field) => isDeepStrictEqual(result[field], existing[field]));
  if (!same) return { read, outcome: 'updated', writes };
  // The record of the row itself, which an earlier run has written, is what the row has created.
  const own = existing.id === identityOf(definition.idPrefix, task, read.row.line).id;
  return { read, outcome: own ? 'created' : 'unchanged', writes: [] };
}

async function planCreation(read: ReadRow, { plan, task, actor }: ImportContext): Promise<PlannedRow> {
  const { definition } = plan;
  const identity = identityOf(definition.idPrefix, task, read.row.line);
  const input = validate(definition.input, read.fields);
  const { writes } = await planCreate(definition, input, actor, identity);
  const [record, ...others] = writes;
  if (!record) throw new Error('the plan of a record has no writes');
  const once = { ...record, refused: () => new RowWritten() };
  return { read, outcome: 'created', id: identity.id, writes: [once, ...others] };
}

/**
 * What a row changes: the rules need not judge what stays as it is, and fields that are fixed once a record is made
 * may stand in a row.
 */
function changesOf(fields: Record<string, unknown>, existing: CrmRecord, definition: EntityDefinition) {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([field, value]) => !isDeepStrictEqual(withoutComputed(definition, field, existing[field]), value),
    ),
  );
}

const unknownRecord = ({ entity }: EntityDefinition, matchBy: string) =>
  new Problem('not_found', `No ${entity} has this ${matchBy}`, {
    errors: [{ pointer: `/${matchBy}`, code: 'not_found', message: `no ${entity} has it` }],
  });
