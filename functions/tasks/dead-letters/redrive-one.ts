import type { Actor } from '../../shared/actor.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { Problem } from '../../shared/problem.ts';
import { carryOut, type PlannedWrite } from '../../shared/write-plan.ts';
import { retryTask } from '../lifecycle/retry.ts';
import type { TaskItem } from '../task.ts';
import type { RedriveOrder } from './redrive-input.ts';
import type { RedriveOutcome } from './redrive-state.ts';

/** Why a task is left as it is. */
class LeftAlone extends Error {
  override readonly name = 'LeftAlone';
  readonly outcome: 'redriven' | 'skipped' | undefined;

  constructor(outcome: 'redriven' | 'skipped' | undefined) {
    super('left alone');
    this.outcome = outcome;
  }
}

/**
 * Makes one dead task ready again, as a retry by hand does, and marks it in the same write. Whoever comes to it
 * again after a crash finds the mark: it is counted as redriven and not touched.
 * @param selected `<time of death>#<id>`, or an id
 * @param redriveId the task that does it
 * @param turn waits until the rate allows another one
 * @throws what may pass: the batch is tried again
 */
export async function redriveOne(
  selected: string,
  order: RedriveOrder,
  redriveId: string,
  actor: Actor,
  turn: () => Promise<void>,
): Promise<RedriveOutcome> {
  const [death, id] = selected.includes('#') && !order.ids ? selected.split('#') : [undefined, selected];
  const admit = async (task: TaskItem) => {
    const refusal = left(task, order, redriveId, death);
    if (refusal) throw refusal;
    await turn();
  };
  const { dryRun } = order;
  const commit = dryRun ? checkOnly : carryOut;
  try {
    await retryTask(id ?? '', order.input, actor, commit, undefined, { admit, redriveId, dryRun });
    return 'redriven';
  } catch (error) {
    if (error instanceof LeftAlone) return error.outcome;
    if (!(error instanceof Problem) || error.code === 'unavailable') throw error;
    return { id: id ?? '', code: error.code, message: error.message };
  }
}

/** @param death when it had died as it was selected; absent when it was named by its id */
function left(
  task: TaskItem,
  { filter, before }: RedriveOrder,
  redriveId: string,
  death: string | undefined,
): LeftAlone | undefined {
  if (task.redriveId === redriveId) return new LeftAlone('redriven');
  const { endedAt = before } = task;
  if (task.state !== 'dead' || endedAt >= before || (death !== undefined && endedAt !== death)) {
    return new LeftAlone('skipped');
  }
  const { type = task.type, errorCode = task.error?.code } = filter ?? {};
  return type === task.type && errorCode === task.error?.code ? undefined : new LeftAlone(undefined);
}

/** What a dry run does instead of writing: a dedupe key that someone else holds shows here. */
async function checkOnly(writes: PlannedWrite[]): Promise<void> {
  for (const { write, refused } of writes) {
    if (write.kind !== 'put' || write.table !== 'platform' || write.item.sk !== 'guard') continue;
    const { pk, sk } = write.item;
    const guard = await getItem('platform', { pk, sk });
    const mayTake = Object.values(write.condition?.values ?? {});
    if (guard && !mayTake.includes(guard.taskId) && refused) throw refused(guard);
  }
}
