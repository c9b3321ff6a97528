import { ConditionFailed, type Expression, updateItem } from '../../shared/dynamo/table.ts';
import { Problem } from '../../shared/problem.ts';
import { placeTask } from '../indexes/place-task.ts';
import { stamp } from '../lifecycle/end-task.ts';
import { announceTasks } from '../push/runner-queue.ts';
import { type TaskItem, taskKey } from '../task.ts';
import { taskUpdate } from '../task-update.ts';
import { typeAt } from '../types/type-registry.ts';
import { failedMembers } from './attach.ts';
import { judgeParent, type Parent } from './rules.ts';

/** What telling a child needs to know of it; inputs and results may be large and are left out. */
export const childMembers = [
  ...['id', 'tenantId', 'type', 'typeVersion', 'executor', 'state', 'version', 'priority'],
  ...['lease', 'attempt', 'maxAttempts', 'runAt', 'startBy', 'deadline', 'awaits', 'onDependencyFailure'],
] as const;

/** Who tells: stands in the history of the child. */
export interface Teller {
  caller: { subject: string };
  requestId: string;
}

/** Lost races in a row before the whole of it is tried again. */
const attempts = 10;

/**
 * Tells a child how a parent stands. Saying it again changes nothing, nor does saying it to one that waits for
 * others only, so it may be said as often as the stream delivers.
 * @param read the child, however old: every write has a condition on what it was decided on
 * @returns true when the child waits for this parent no more
 */
export async function tellChild(read: TaskItem, parent: Parent, teller: Teller): Promise<boolean> {
  let child: TaskItem | undefined = read;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    if (child?.state !== 'blocked') return true;
    const awaits: Set<string> = child.awaits ?? new Set();
    if (awaits.size > 0 && !awaits.has(parent.id)) return true;
    const verdict = judgeParent(parent, child.onDependencyFailure ?? 'cancel');
    if (verdict === 'wait') return false;
    try {
      if (verdict === 'cancel') await cancelChild(child, parent, teller);
      else if (awaits.size > 1) await awaitOneLess(child, parent, teller);
      else await unblock(child, teller);
      return true;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      child = error.current as TaskItem | undefined;
    }
  }
  throw new Problem('conflict', `The task ${read.id} is changed again and again`);
}

/** Parents that end at the same moment do not disturb each other here: only the last one has to be alone. */
async function awaitOneLess(child: TaskItem, parent: Parent, teller: Teller): Promise<void> {
  const { text, names, values } = taskUpdate(stamp(new Date(), teller));
  const update: Expression = {
    text: `${text} DELETE awaits :parent`,
    ...(names && { names }),
    values: { ...values, ':parent': new Set([parent.id]) },
  };
  await updateItem('tasks', taskKey(child.tenantId, child.id), update, {
    text: '#state = :blocked AND contains(awaits, :id) AND size(awaits) > :last',
    names: { '#state': 'state' },
    values: { ':blocked': 'blocked', ':id': parent.id, ':last': 1 },
  });
}

/** The last parent lets it go: ready, or scheduled when its own start has not come. */
async function unblock(child: TaskItem, teller: Teller): Promise<void> {
  const at = new Date();
  const later = child.runAt !== undefined && Date.parse(child.runAt) > at.getTime();
  const after: TaskItem = {
    ...child,
    state: later ? 'scheduled' : 'ready',
    awaits: undefined,
    version: child.version + 1,
  };
  const type = await typeAt(child.tenantId, child.type, child.typeVersion);
  await announceTasks([after]);
  const { state, awaits } = after;
  const members = { state, awaits, ...placeTask(after, type, at.getTime()), ...stamp(at, teller) };
  await updateItem('tasks', taskKey(child.tenantId, child.id), taskUpdate(members), asRead(child));
}

async function cancelChild(child: TaskItem, parent: Parent, teller: Teller): Promise<void> {
  const at = new Date();
  const { retentionDays } = await typeAt(child.tenantId, child.type, child.typeVersion);
  const members = { ...failedMembers(child.tenantId, parent, at, retentionDays), ...stamp(at, teller) };
  await updateItem('tasks', taskKey(child.tenantId, child.id), taskUpdate(members), asRead(child));
}

function asRead({ version }: TaskItem): Expression {
  return {
    text: '#version = :version',
    names: { '#version': 'version' },
    values: { ':version': version },
  };
}
