import type { Actor } from '../shared/actor.ts';
import { beginningOf } from '../shared/beginning-of.ts';
import { log } from '../shared/logger.ts';
import { Problem } from '../shared/problem.ts';
import type { LeaseHolder } from '../tasks/lease/lease-write.ts';
import { completeTask, failTask, type Settled } from '../tasks/lease/settle.ts';
import type { PushOutcome } from '../tasks/push/push-answer.ts';
import { leaseMarginSeconds, preparePush } from '../tasks/push/push-task.ts';
import { roomForResult } from '../tasks/push/room-for-result.ts';
import type { TaskItem } from '../tasks/task.ts';
import { type Invocation, type Run, settleMargin } from './invocation.ts';

/**
 * How a task is done by calling the URL of its type.
 * @throws when type or secrets cannot be read
 */
export async function prepareHttp(task: TaskItem, invocation: Invocation): Promise<Run> {
  const { target, push } = await preparePush(task);
  return {
    leaseSeconds: target.timeoutSeconds + leaseMarginSeconds,
    async settle(leased, holder, actor): Promise<Settled> {
      const end = Date.now() + invocation.remainingMillis() - settleMargin;
      const outcome = await push(leased, end).catch((error) => ({ failure: unexpected(error, leased) }));
      return settleCall(outcome, leased, holder, actor);
    },
  };
}

/** Ends the lease with what a call brought. @throws {Problem} `lease_lost`, `not_found` */
export async function settleCall(
  outcome: PushOutcome,
  leased: TaskItem,
  holder: LeaseHolder,
  actor: Actor,
): Promise<Settled> {
  if ('failure' in outcome) return failTask(holder, outcome.failure, actor);
  try {
    return await completeTask(holder, outcome.result, actor, { maxBytes: roomForResult(leased) });
  } catch (error) {
    if (error instanceof Problem && taken.includes(error.code)) throw error;
    return failTask(holder, refusedResult(error) ?? unexpected(error, leased), actor);
  }
}

/** The task is not ours any more: there is nothing to end. */
const taken = ['lease_lost', 'not_found'];

/** Whatever happens after a call, its attempt ends with it: a lease that is left alone would look like a death. */
function unexpected(error: unknown, { id }: TaskItem) {
  log().error('call not settled', { taskId: id, error: error as Error });
  return { error: { code: 'internal', message: 'Something went wrong on our side' }, retryable: true };
}

/** What of the reasons is kept with the error: their number, and characters. */
const keptErrors = 10;
const keptDetails = 2_000;
const keptMessage = 1_000;

/** The receiver has done its work, and what it answered cannot be kept: doing it again would change nothing. */
function refusedResult(error: unknown) {
  if (!(error instanceof Problem)) return undefined;
  const codes: Record<string, string> = {
    validation_failed: 'http_result_invalid',
    payload_too_large: 'http_result_too_large',
  };
  const code = codes[error.code];
  if (!code) return undefined;
  const errors = error.options.errors?.slice(0, keptErrors) ?? [];
  // An error that is too large to be kept must not send the task to its receiver once more.
  const details = JSON.stringify(errors).length <= keptDetails ? { errors } : undefined;
  const message = beginningOf(error.detail, keptMessage);
  return { error: { code, message, ...(details && { details }) }, retryable: false };
}
