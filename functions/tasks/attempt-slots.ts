import type { Attempt, TaskItem } from './task.ts';

/**
 * A task keeps its latest leases in numbered slots that are used in turn, so that a write can reach its own
 * slot by name, without reading, and the item stays small however often it is released or retried.
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

/** An attempt as callers see it. */
export interface AttemptView {
  attempt: number;
  lease: number;
  workerId: string;
  startedAt: string;
  endedAt: string | null;
  /** `running`, or `lease_expired` when the holder was not heard of again. */
  outcome: NonNullable<Attempt['outcome']> | 'running' | 'lease_expired';
  error: Attempt['error'] | null;
}

/** The kept attempts, oldest first. */
export function listAttempts(task: TaskItem, nowMillis: number): AttemptView[] {
  return Object.values(task.attempts)
    .sort((a, b) => a.lease - b.lease)
    .map((entry) => ({
      attempt: entry.attempt,
      lease: entry.lease,
      workerId: entry.workerId,
      startedAt: entry.startedAt,
      endedAt: entry.endedAt ?? null,
      outcome: entry.outcome ?? (isRunning(task, entry, nowMillis) ? 'running' : 'lease_expired'),
      error: entry.error ?? null,
    }));
}

function isRunning(task: TaskItem, entry: Attempt, nowMillis: number): boolean {
  return (
    task.state === 'claimed' &&
    entry.lease === task.lease &&
    task.leaseExpiresAt !== undefined &&
    Date.parse(task.leaseExpiresAt) > nowMillis
  );
}
