import * as z from 'zod/mini';
import { parseLossless } from '../../shared/json.ts';
import { described } from '../fields.ts';
import type { ProgressItem } from './attempt-item.ts';
import type { StandingAttempt } from './attempt-slots.ts';

/** An attempt as answered. */
export const attemptOutput = z.strictObject({
  attempt: described(
    z.int(),
    'From 1; begins anew after a retry by hand. A lease that is given back spends none.',
  ),
  lease: described(z.int(), 'Numbers all leases of the task, also those that spent no attempt.'),
  workerId: z.string(),
  startedAt: z.string(),
  endedAt: z.nullable(z.string()),
  outcome: described(
    z.enum(['running', 'completed', 'failed', 'released', 'lease_expired', 'expired', 'cancelled']),
    '`lease_expired`: the worker was not heard of again. `expired`, `cancelled`: so did the task while it was being worked on.',
  ),
  error: z.nullable(
    z.strictObject({ code: z.string(), message: z.string(), details: z.optional(z.unknown()) }),
  ),
  progress: described(
    z.array(
      z.strictObject({ at: z.string(), percent: z.nullable(z.number()), message: z.nullable(z.string()) }),
    ),
    'What the worker told, oldest first: the first hundred changes, then ever fewer of them, and the last one.',
  ),
});

export type AttemptView = z.infer<typeof attemptOutput>;

type Told = Pick<ProgressItem, 'at' | 'progress'>;

/**
 * @param archived what the worker told, in any order
 * @param latest what it told last, which may be in the archive already
 */
export function toAttemptView(
  { attempt, lease, workerId, startedAt, endedAt, outcome, error }: StandingAttempt,
  archived: readonly Told[],
  latest: Told | undefined,
): AttemptView {
  const { details } = error ?? {};
  return {
    attempt,
    lease,
    workerId,
    startedAt,
    endedAt: endedAt ?? null,
    outcome,
    error: error
      ? {
          code: error.code,
          message: error.message,
          ...(details !== undefined && { details: parseLossless(details) }),
        }
      : null,
    progress: inOrder(archived, latest),
  };
}

function inOrder(archived: readonly Told[], latest: Told | undefined): AttemptView['progress'] {
  const told = [...archived, ...(latest ? [latest] : [])]
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ at, progress }) => ({
      at,
      percent: progress.percent ?? null,
      message: progress.message ?? null,
    }));
  return told.filter(({ percent, message }, place) => {
    const before = told[place - 1];
    return percent !== before?.percent || message !== before?.message;
  });
}
