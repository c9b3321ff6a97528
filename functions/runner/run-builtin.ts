import type { Actor } from '../shared/actor.ts';
import { log } from '../shared/logger.ts';
import { Problem } from '../shared/problem.ts';
import { heartbeat } from '../tasks/lease/heartbeat.ts';
import type { LeaseHolder } from '../tasks/lease/lease-write.ts';
import { completeTask, failTask, releaseTask, type Settled } from '../tasks/lease/settle.ts';
import type { Progress, TaskItem } from '../tasks/task.ts';
import { type Builtin, type BuiltinOutcome, TaskFailure } from './builtin.ts';
import { exportRecords } from './exports/export-records.ts';
import { importRecords } from './imports/import-records.ts';
import { type Invocation, type Run, settleMargin } from './invocation.ts';
import { settleMerges } from './merges/settle-merges.ts';
import { rebuildCounters } from './recount/rebuild-counters.ts';
import { redriveDeadLetters } from './redrive/redrive-dead-letters.ts';
import { rescoreContacts } from './rescore/rescore-contacts.ts';

/** What runs each built-in type. */
const builtins: Record<string, Builtin> = {
  'records.import': importRecords,
  'records.export': exportRecords,
  'contacts.merge': settleMerges,
  'contacts.rescore': rescoreContacts,
  'dead-letters.redrive': redriveDeadLetters,
  'counters.rebuild': rebuildCounters,
};

/** How a task of a built-in type is done. */
export function prepareBuiltin(_task: TaskItem, invocation: Invocation): Run {
  return {
    async settle(task, holder, actor): Promise<Settled> {
      let outcome: BuiltinOutcome;
      try {
        outcome = await perform(task, holder, actor, invocation);
      } catch (error) {
        if (error instanceof Problem && error.code === 'lease_lost') throw error;
        return failTask(holder, failureOf(error, task), actor);
      }
      return 'result' in outcome
        ? completeTask(holder, outcome.result, actor, { progress: outcome.progress })
        : releaseTask(holder, 0, actor, outcome.checkpoint);
    },
  };
}

function failureOf(error: unknown, task: TaskItem) {
  if (error instanceof TaskFailure) {
    const { code, message, details, retryable } = error;
    return { error: { code, message, ...(details !== undefined && { details }) }, retryable };
  }
  log().error('task failed', { taskId: task.id, error: error as Error });
  return { error: { code: 'internal', message: 'Something went wrong on our side' }, retryable: true };
}

async function perform(
  task: TaskItem,
  holder: LeaseHolder,
  actor: Actor,
  invocation: Invocation,
): Promise<BuiltinOutcome> {
  const run = builtins[task.type];
  if (!run) throw new Error(`no built-in type ${task.type}`);
  const report = async (progress: Progress, checkpoint: string): Promise<boolean> =>
    (await heartbeat(holder, { progress, checkpoint }, actor)).cancelRequested;
  return run({
    task,
    requestId: invocation.requestId,
    remainingMillis: () => invocation.remainingMillis() - settleMargin,
    report,
  });
}
