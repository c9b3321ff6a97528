import { type Actor, systemActor } from '../../shared/actor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { Problem } from '../../shared/problem.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { statePartition } from '../indexes/index-keys.ts';
import { timerPlacement } from '../indexes/place-task.ts';
import type { TaskItem } from '../task.ts';
import { endOverdue, type OverdueEnd, overdueEnd } from './overdue.ts';
import { changed, replaceTask } from './replace-task.ts';
import { hasEnded, isAllowed } from './state-machine.ts';

/** What a timer that has run out does to its task. */
export type TimerAction = OverdueEnd | 'start' | 'rearm';

/** Decides on the task as it stands; the timer may have been set for something that has passed. */
export function onTimer(task: TaskItem, nowMillis: number): TimerAction {
  const end = overdueEnd(task, nowMillis);
  if (end) return end;
  const begins = task.runAt !== undefined && Date.parse(task.runAt) <= nowMillis;
  if (task.executor === 'person' && isAllowed('start', task.state) && begins) return 'start';
  return 'rearm';
}

/** One conditional write; a task that moves at the same moment keeps its timer for the next run. */
export async function handleTaskTimer(item: Item, requestId: string, at: Date): Promise<void> {
  const task = item as TaskItem;
  // The index may still show a timer that is gone by now.
  if (task.timerPk === undefined || hasEnded(task.state)) return;
  const after = await afterTimer(task, systemActor(task.tenantId, requestId), at);
  try {
    await carryOut([replaceTask(after)]);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'conflict') throw error;
  }
}

async function afterTimer(task: TaskItem, actor: Actor, at: Date): Promise<TaskItem> {
  const action = onTimer(task, at.getTime());
  if (action !== 'start' && action !== 'rearm') return endOverdue(task, action, actor, at);
  const state = action === 'start' ? 'ready' : task.state;
  const after = changed(task, { state, statePk: statePartition(task.tenantId, state) }, actor, at);
  return { ...after, ...timerPlacement(after) };
}
