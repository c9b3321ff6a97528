import { createHash } from 'node:crypto';
import type { RecordIdentity } from '../../crm/records/create-record.ts';
import type { IdPrefix } from '../../shared/ids.ts';
import { firstIdAt } from '../../shared/ids.ts';
import type { TaskItem } from '../../tasks/task.ts';

/** Crockford's alphabet, as in ULIDs: its order is that of the values. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const taskCharacters = 9;
const lineCharacters = 7;

/**
 * The record that a row of an import becomes, whichever run of the task writes it: a row that has been written is
 * found written. Its id is a ULID of the time of the task, 45 bits of the task's own and the line, so records sort in
 * the order of the file.
 */
export function identityOf(
  prefix: IdPrefix,
  { id, createdAt }: Pick<TaskItem, 'id' | 'createdAt'>,
  line: number,
): RecordIdentity {
  const at = Date.parse(createdAt);
  const time = firstIdAt(prefix, at).slice(0, -(taskCharacters + lineCharacters));
  return { id: `${time}${ofTask(id)}${inAlphabet(line, lineCharacters)}`, createdAt: at };
}

function ofTask(id: string): string {
  const bytes = createHash('sha256').update(id).digest();
  return inAlphabet(bytes.readUIntBE(0, 6) % 2 ** (5 * taskCharacters), taskCharacters);
}

function inAlphabet(value: number, characters: number): string {
  let text = '';
  for (let rest = value; text.length < characters; rest = Math.floor(rest / 32))
    text = alphabet[rest % 32] + text;
  return text;
}
