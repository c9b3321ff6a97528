import type { Attempt, StoredError, TaskItem } from '../task.ts';
import { ifUnset } from '../task-update.ts';

/**
 * A task keeps its latest leases in numbered slots that are used in turn, so that a write can reach its own
 * slot by name, without reading, and the item stays small however often it is released or retried. Older ones
 * are in the archive (history/attempt-item.ts).
 */
const slots = 20;

/** The name of a lease's slot, e.g. `s3`. */
export function slotName(lease: number): string {
  return `s${lease % slots}`;
}

/** The document path of a lease's slot, e.g. `attempts.s3`. */
export function slotPath(lease: number): string {
  return `attempts.${slotName(lease)}`;
}

/** The slot of a lease, unless a later one has it by now. */
export function slotOf(task: Pick<TaskItem, 'attempts'>, lease: number): Attempt | undefined {
  const entry = task.attempts[slotName(lease)];
  return entry?.lease === lease ? entry : undefined;
}

/** The members to set when a lease ends. */
export function slotEnd(
  lease: number,
  end: Required<Pick<Attempt, 'endedAt' | 'outcome'>> & Pick<Attempt, 'error'>,
): Record<string, unknown> {
  const path = slotPath(lease);
  return {
    [`${path}.endedAt`]: end.endedAt,
    [`${path}.outcome`]: end.outcome,
    ...(end.error && { [`${path}.error`]: end.error }),
  };
}

/**
 * The members to set when a task is found after its time: if its last lease was never given back, it ended then.
 * @param lease the last lease; 0 when there was none
 * @param endMillis when the lease ended, if it was not given back
 */
export function slotLost(lease: number, endMillis: number): Record<string, unknown> {
  if (lease === 0) return {};
  const path = slotPath(lease);
  return {
    [`${path}.endedAt`]: ifUnset(new Date(endMillis).toISOString()),
    [`${path}.outcome`]: ifUnset('lease_expired'),
  };
}

/**
 * The attempts of a task whose claim is over, with the last one closed: when its lease ended, or by what ends
 * the task while the lease runs.
 */
export function closedAttempts(
  task: TaskItem,
  end: 'dead' | 'expired' | 'cancelled',
  at: Date,
): TaskItem['attempts'] {
  const entry = slotOf(task, task.lease);
  if (task.state !== 'claimed' || !entry || entry.endedAt) return task.attempts;
  const { leaseExpiresAt } = task;
  const lost = leaseExpiresAt !== undefined && Date.parse(leaseExpiresAt) <= at.getTime();
  const closing =
    lost || end === 'dead'
      ? { endedAt: leaseExpiresAt ?? at.toISOString(), outcome: 'lease_expired' as const }
      : { endedAt: at.toISOString(), outcome: end };
  return { ...task.attempts, [slotName(task.lease)]: { ...entry, ...closing } };
}

/** An attempt with how it stands: still running, or lost if its holder was not heard of again. */
export interface StandingAttempt extends Omit<Attempt, 'outcome' | 'error'> {
  outcome: NonNullable<Attempt['outcome']> | 'running';
  error?: StoredError;
}

/** The attempts that the task keeps itself, oldest first. */
export function listAttempts(task: TaskItem, nowMillis: number): StandingAttempt[] {
  return Object.values(task.attempts)
    .sort((a, b) => a.lease - b.lease)
    .map((entry) => {
      const error = errorOf(entry, task);
      return { ...entry, ...standing(entry, task, nowMillis), ...(error && { error }) };
    });
}

function standing(entry: Attempt, task: TaskItem, nowMillis: number) {
  if (entry.outcome) return { outcome: entry.outcome };
  const current = task.state === 'claimed' && entry.lease === task.lease;
  const endedAt = current ? task.leaseExpiresAt : task.endedAt;
  return current && endedAt && Date.parse(endedAt) > nowMillis
    ? { outcome: 'running' as const }
    : { outcome: 'lease_expired' as const, ...(endedAt && { endedAt }) };
}

/** The task knows all of the error of its latest failure, the slot its beginning. */
function errorOf({ lease, error }: Attempt, task: TaskItem): StoredError | undefined {
  const failed = Object.values(task.attempts).filter(({ outcome }) => outcome === 'failed');
  const latest = Math.max(...failed.map((entry) => entry.lease));
  const same = lease === latest && error?.code === task.error?.code;
  return same && error && task.error?.message.startsWith(error.message) ? task.error : error;
}
