import { Problem } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';

/**
 * DynamoDB refuses two actions on one item in a transaction: equal checks become one, a check gives way to a write
 * that has it among its own conditions, and of several writes with a rank the highest does for all.
 * @throws {Problem} of the later of two writes that want the same record or unique value; `conflict` when it has none
 */
export function withoutRepeats(writes: PlannedWrite[]): PlannedWrite[] {
  const kept = new Map<string, PlannedWrite>();
  for (const planned of writes) {
    const { write } = planned;
    const key = write.kind === 'put' ? write.item : write.key;
    const name = `${write.table} ${key.pk} ${key.sk}`;
    const earlier = kept.get(name);
    kept.set(name, earlier ? oneOf(earlier, planned) : planned);
  }
  return [...kept.values()];
}

function oneOf(earlier: PlannedWrite, later: PlannedWrite): PlannedWrite {
  if (implies(earlier, later)) return earlier;
  if (implies(later, earlier)) return later;
  if (earlier.rank !== undefined && later.rank !== undefined) {
    return later.rank > earlier.rank ? later : earlier;
  }
  throw (
    later.refused?.(undefined) ??
    new Problem('conflict', 'Two operations of an atomic batch touch the same record')
  );
}

/** True when the write's own condition begins with that of the check. */
function implies({ write: { condition } }: PlannedWrite, { write: check }: PlannedWrite): boolean {
  if (check.kind !== 'check' || !condition?.text.startsWith(check.condition.text)) return false;
  const asked = Object.entries(check.condition.values ?? {});
  return asked.every(([name, value]) => condition.values?.[name] === value);
}
