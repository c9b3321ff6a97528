import { contact } from '../../crm/contacts/contact.ts';
import { planCreate } from '../../crm/records/create-record.ts';
import { findByUnique } from '../../crm/records/find-records.ts';
import { patchRecord } from '../../crm/records/patch-record.ts';
import { upsertRecord } from '../../crm/records/upsert-record.ts';
import type { Actor } from '../../shared/actor.ts';
import { carryOutOnce } from '../../shared/idempotency.ts';
import { Problem } from '../../shared/problem.ts';
import { type ImportInput, matchField } from '../../tasks/imports/import-input.ts';

export type RowOutcome = 'created' | 'updated';

/** Identifies a row of an import, whichever run of the task comes to it. */
export interface RowIdentity {
  taskId: string;
  line: number;
}

/**
 * Writes one row. A run that comes to a row which an earlier run has written finds it done: updates and upserts by
 * their nature, creations by an idempotency record that commits with the contact.
 * @throws {Problem} why the row cannot be written
 */
export async function writeRow(
  fields: Record<string, unknown>,
  mode: ImportInput['mode'],
  identity: RowIdentity,
  actor: Actor,
): Promise<RowOutcome> {
  const email = String(fields[matchField] ?? '');
  switch (mode) {
    case 'create':
      await createOnce(fields, identity, actor);
      return 'created';
    case 'upsert':
      return (await upsertRecord(contact, matchField, email, fields, actor)).created ? 'created' : 'updated';
    case 'update': {
      const existing = await findByUnique(contact, matchField, email, actor);
      if (!existing) throw unknownContact();
      await patchRecord(contact, existing.id as string, fields, actor);
      return 'updated';
    }
  }
}

/** What would become of a row; nothing is written. @throws {Problem} as `writeRow` */
export async function tryRow(
  fields: Record<string, unknown>,
  mode: ImportInput['mode'],
  actor: Actor,
): Promise<RowOutcome> {
  const email = fields[matchField];
  const existing =
    typeof email === 'string' ? await findByUnique(contact, matchField, email, actor) : undefined;
  if (mode === 'create' && existing) throw alreadyThere(existing.id as string);
  if (mode === 'update' && !existing) throw unknownContact();
  return existing ? 'updated' : 'created';
}

async function createOnce(
  fields: Record<string, unknown>,
  { taskId, line }: RowIdentity,
  actor: Actor,
): Promise<void> {
  const { writes, result } = await planCreate(contact, fields, actor);
  const row = { tenantId: actor.caller.tenantId, key: `import#${taskId}#${line}`, fingerprint: taskId };
  try {
    await carryOutOnce(writes, row, { status: 201, headers: {}, body: result.id });
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'idempotency_in_flight') throw error;
  }
}

const unknownContact = () =>
  new Problem('not_found', `No contact has this ${matchField}`, {
    errors: [{ pointer: `/${matchField}`, code: 'not_found', message: 'no contact has it' }],
  });

const alreadyThere = (existingId: string) =>
  new Problem('duplicate', `A contact has this ${matchField} already`, { extensions: { existingId } });
