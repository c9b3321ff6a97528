import type { Actor } from '../shared/actor.ts';
import { log } from '../shared/logger.ts';
import { Problem } from '../shared/problem.ts';
import { heartbeat } from '../tasks/lease/heartbeat.ts';
import type { LeaseHolder } from '../tasks/lease/lease-write.ts';
import { completeTask, failTask, releaseTask, type Settled } from '../tasks/lease/settle.ts';
import type { Progress, TaskItem } from '../tasks/task.ts';
import { type Builtin, type BuiltinOutcome, TaskFailure } from './builtin.ts';
import { type Invocation, type Run, settleMargin } from './invocation.ts';

/** What runs each built-in type, loaded when it is first needed: a cold start for another type does not read it. */
const builtins: Record<string, () => Promise<Builtin>> = {
  'records.import': async () => (await import('./imports/import-records.ts')).importRecords,
  'records.export': async () => (await import('./exports/export-records.ts')).exportRecords,
  'contacts.merge': async () => (await import('./merges/settle-merges.ts')).settleMerges,
  'contacts.rescore': async () => (await import('./rescore/rescore-contacts.ts')).rescoreContacts,
  'dead-letters.redrive': async () => (await import('./redrive/redrive-dead-letters.ts')).redriveDeadLetters,
  'counters.rebuild': async () => (await import('./recount/rebuild-counters.ts')).rebuildCounters,
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
  const load = builtins[task.type];
  if (!load) throw new Error(`no built-in type ${task.type}`);
  const run = await load();
  const report = async (progress: Progress, checkpoint: string): Promise<boolean> =>
    (await heartbeat(holder, { progress, checkpoint }, actor)).cancelRequested;
  return run({
    task,
    requestId: invocation.requestId,
    remainingMillis: () => invocation.remainingMillis() - settleMargin,
    report,
  });
}
