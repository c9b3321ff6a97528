import { Problem } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';

/** The problem of two writes that cannot both be done in one transaction. */
export type Clash = (earlier: PlannedWrite, later: PlannedWrite) => Problem;

/**
 * DynamoDB refuses two actions on one item in a transaction: equal checks become one, a check gives way to a write
 * that has it among its own conditions, and of several writes with a rank the highest does for all.
 * @param clash the problem of two others that want the same item, where it is not that both would be the first there
 * @throws {Problem} of the later of two writes that want the same record or unique value
 */
export function withoutRepeats(writes: PlannedWrite[], clash: Clash = conflict): PlannedWrite[] {
  const kept = new Map<string, PlannedWrite>();
  for (const planned of writes) {
    const { write } = planned;
    const key = write.kind === 'put' ? write.item : write.key;
    const name = `${write.table} ${key.pk} ${key.sk}`;
    const earlier = kept.get(name);
    kept.set(name, earlier ? oneOf(earlier, planned, clash) : planned);
  }
  return [...kept.values()];
}

function oneOf(earlier: PlannedWrite, later: PlannedWrite, clash: Clash): PlannedWrite {
  if (implies(earlier, later)) return earlier;
  if (implies(later, earlier)) return later;
  if (earlier.rank !== undefined && later.rank !== undefined) {
    return later.rank > earlier.rank ? later : earlier;
  }
  if (later.refused && isFirst(earlier) && isFirst(later)) throw later.refused(undefined);
  throw clash(earlier, later);
}

/** Two new records with one unique value: as if the one had been there before the other. */
const isFirst = ({ write }: PlannedWrite) =>
  write.kind === 'put' && write.condition?.text === 'attribute_not_exists(pk)';

const conflict: Clash = (_earlier, later) =>
  later.refused?.(undefined) ?? new Problem('conflict', 'Two writes of one request touch the same record');

/** True when the write's own condition begins with that of the check. */
function implies({ write: { condition } }: PlannedWrite, { write: check }: PlannedWrite): boolean {
  if (check.kind !== 'check' || !condition?.text.startsWith(check.condition.text)) return false;
  const asked = Object.entries(check.condition.values ?? {});
  return asked.every(([name, value]) => condition.values?.[name] === value);
}
