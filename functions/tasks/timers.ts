import type { Actor } from '../shared/actor.ts';
import { batchGetItems, queryPage } from '../shared/dynamo/table.ts';
import { mapConcurrently } from '../shared/map-concurrently.ts';
import { Problem } from '../shared/problem.ts';
import { carryOut } from '../shared/write-plan.ts';
import { slotName } from './attempt-slots.ts';
import { endMembers } from './end-task.ts';
import { statePartition, timerPartition, timerShards, timersUntil } from './index-keys.ts';
import { timerPlacement } from './place-task.ts';
import { changed, replaceTask } from './replace-task.ts';
import { isAllowed } from './state-machine.ts';
import type { TaskItem } from './task.ts';
import { typeAt } from './type-registry.ts';

/** What a timer that has run out does to its task. */
export type TimerAction = 'expire' | 'cancel' | 'start' | 'rearm';

/** Decides on the task as it stands; the timer may have been set for something that has passed. */
export function onTimer(task: TaskItem, nowMillis: number): TimerAction {
  const past = (time: string | undefined) => time !== undefined && Date.parse(time) <= nowMillis;
  if (isAllowed('expire', task.state)) {
    if (past(task.deadline)) return 'expire';
    if (task.lease === 0 && past(task.startBy)) return 'expire';
  }
  if (task.cancelRequested && task.state === 'claimed' && past(task.leaseExpiresAt)) return 'cancel';
  if (task.executor === 'person' && isAllowed('start', task.state) && past(task.runAt)) return 'start';
  return 'rearm';
}

const pageSize = 100;

/** How a run of the clock went. */
export interface TimerRun {
  /** Timers that had run out and were handled. */
  handled: number;
  /** More are due than this run could handle; the next one goes on. */
  more: boolean;
}

/**
 * Handles the timers that have run out, of all tenants: a Query a shard and page, a BatchGetItem, and a write
 * a task.
 * @param untilMillis when no further page is begun, epoch milliseconds
 */
export async function runTimers(requestId: string, untilMillis: number): Promise<TimerRun> {
  const shards = await Promise.all(
    Array.from({ length: timerShards }, (_, shard) => runShard(shard, requestId, untilMillis)),
  );
  return {
    handled: shards.reduce((sum, { handled }) => sum + handled, 0),
    more: shards.some(({ more }) => more),
  };
}

async function runShard(shard: number, requestId: string, untilMillis: number): Promise<TimerRun> {
  let handled = 0;
  let startKey: Record<string, unknown> | undefined;
  do {
    if (Date.now() >= untilMillis) return { handled, more: true };
    const page = await queryPage({
      table: 'tasks',
      index: 'byTimer',
      key: {
        text: 'timerPk = :pk AND timerSk <= :until',
        values: { ':pk': timerPartition(shard), ':until': timersUntil(Date.now()) },
      },
      limit: pageSize,
      ...(startKey && { startKey }),
    });
    const keys = page.items.map(({ pk, sk }) => ({ pk: pk as string, sk: sk as string }));
    const tasks = (await batchGetItems('tasks', keys)) as TaskItem[];
    await mapConcurrently(tasks, 8, (task) => handleTimer(task, requestId, new Date()));
    handled += tasks.length;
    startKey = page.lastKey;
  } while (startKey);
  return { handled, more: false };
}

/** One conditional write; a task that moves at the same moment keeps its timer for the next run. */
async function handleTimer(task: TaskItem, requestId: string, at: Date): Promise<void> {
  const actor: Actor = { caller: { tenantId: task.tenantId, subject: 'system', role: 'worker' }, requestId };
  const after = await afterTimer(task, actor, at);
  try {
    await carryOut([replaceTask(after)]);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'conflict') throw error;
  }
}

async function afterTimer(task: TaskItem, actor: Actor, at: Date): Promise<TaskItem> {
  const action = onTimer(task, at.getTime());
  if (action === 'expire' || action === 'cancel') {
    const type = await typeAt(task.tenantId, task.type, task.typeVersion);
    const state = action === 'expire' ? 'expired' : 'cancelled';
    const ended = endMembers(task.tenantId, state, at, type.retentionDays);
    return changed(task, { ...ended, attempts: closeAttempt(task, state, at) }, actor, at);
  }
  const state = action === 'start' ? 'ready' : task.state;
  const after = changed(task, { state, statePk: statePartition(task.tenantId, state) }, actor, at);
  return { ...after, ...timerPlacement(after) };
}

function closeAttempt(task: TaskItem, outcome: 'expired' | 'cancelled', at: Date): TaskItem['attempts'] {
  const name = slotName(task.lease);
  const entry = task.attempts[name];
  if (task.state !== 'claimed' || !entry || entry.endedAt) return task.attempts;
  return { ...task.attempts, [name]: { ...entry, endedAt: at.toISOString(), outcome } };
}
