import type { Actor } from '../shared/actor.ts';
import { now } from '../shared/clock.ts';
import { getItem } from '../shared/dynamo/table.ts';
import { log } from '../shared/logger.ts';
import { Problem } from '../shared/problem.ts';
import { claimById } from '../tasks/claim/claim-by-id.ts';
import { hasEnded } from '../tasks/lifecycle/state-machine.ts';
import { dueOf, messageOf, type RunnerMessage, sendMessage } from '../tasks/push/runner-queue.ts';
import { type TaskItem, taskKey } from '../tasks/task.ts';
import type { Invocation, Run } from './invocation.ts';
import { prepareBuiltin } from './run-builtin.ts';
import { prepareHttp } from './run-http.ts';

/** A message comes before its task is written; after this long its task is never going to be, in milliseconds. */
const patienceMillis = 60_000;
/**
 * The pauses between looks for a task, in milliseconds: the message is often faster than the write that follows
 * it, by a few milliseconds.
 */
const looks = [25, 75, 225];
/** How long a message waits for its task after that, in milliseconds. */
const pauseMillis = 2_000;
/**
 * Over which time tasks that wait for room under the limits of their type come back, in milliseconds: soon at
 * first, and with each wait later, since each look costs and many that wait long are many looks.
 */
const limitSpread = { first: 1_000, longest: 30_000 };
/** What a lease must be over for, in milliseconds, before another one is tried: clocks differ. */
const leaseGrace = 200;

/**
 * Brings one task forward. When this returns, the message has served: either the task has ended or another
 * message is on its way. Until then the message itself is what brings the task back after a crash.
 * @throws when tables or queues refuse: the message is tried again
 */
export async function runTask(message: RunnerMessage, invocation: Invocation): Promise<void> {
  const task = await findTask(message);
  if (!task) return waitForTask(message);
  // A message that was replaced would go round beside the other until the task has ended.
  if (message.version < (task.announced ?? 0)) return;
  // Whatever unblocks a task sends a message for it.
  if (hasEnded(task.state) || task.state === 'blocked') return;
  const due = nextChance(task);
  if (due > now().getTime()) return again(task, due);
  // Its last holder has died and this message outlived it. Deaths count as receives; a task whose attempts are
  // not used up must not end in the dead-letter queue for them, so it goes on with a new message.
  if (task.state === 'claimed' && invocation.receives > 1) return again(task, 0);
  const run = await prepare(task, invocation);
  if (run) await lease(task, run, message, invocation);
}

/** The task as it was written with the message or later; undefined when that has not happened yet. */
async function findTask({ tenantId, taskId, version }: RunnerMessage): Promise<TaskItem | undefined> {
  for (const pause of [...looks, undefined]) {
    const task = (await getItem('tasks', taskKey(tenantId, taskId))) as TaskItem | undefined;
    if (task && task.version >= version) return task;
    if (pause !== undefined) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return undefined;
}

/** A write that has not come by now was slow, refused, or is never going to come, so the waits grow. */
async function waitForTask(message: RunnerMessage): Promise<void> {
  const waited = Date.now() - message.sentAt;
  if (waited < patienceMillis) await sendMessage(message, Date.now() + Math.max(pauseMillis, waited));
  // The write was refused, as after a lost race, or what it belonged to was: nobody was told of a task.
  else log().info('message without its task', { taskId: message.taskId });
}

/** When the task can be taken: its start, or the end of someone's lease. */
function nextChance(task: TaskItem): number {
  if (task.state !== 'claimed') return dueOf(task);
  return Date.parse(task.leaseExpiresAt as string) + leaseGrace;
}

function again(task: TaskItem, due: number): Promise<void> {
  return sendMessage({ ...messageOf(task), sentAt: Date.now() }, due);
}

function waitForRoom(task: TaskItem, limitedUntil: number, waits: number): Promise<void> {
  const spread = Math.min(limitSpread.longest, limitSpread.first * 2 ** waits);
  const message = { ...messageOf(task), sentAt: Date.now(), waits: waits + 1 };
  return sendMessage(message, limitedUntil + Math.random() * spread);
}

/** What has to be known before a task is leased; a failure here spends none of its attempts. */
function prepare(task: TaskItem, invocation: Invocation): Promise<Run> | Run | undefined {
  if (task.executor === 'builtin') return prepareBuiltin(task, invocation);
  if (task.executor === 'http') return prepareHttp(task, invocation);
  return undefined;
}

async function lease(
  task: TaskItem,
  { leaseSeconds, settle }: Run,
  { waits = 0 }: RunnerMessage,
  invocation: Invocation,
): Promise<void> {
  const actor: Actor = {
    caller: { tenantId: task.tenantId, subject: 'system', role: 'worker' },
    requestId: invocation.requestId,
  };
  const request = { workerId: `runner:${invocation.requestId}`, leaseSeconds };
  const leased = await claimById(task, request, actor);
  if (leased === 'lost') return again(task, Date.now() + pauseMillis);
  if (leased === 'ended') return;
  if ('limitedUntil' in leased) return waitForRoom(task, leased.limitedUntil, waits);
  const { id, leaseToken, leaseExpiresAt } = leased.task;
  // Should this sandbox die, the message is there again when the lease is over, and not minutes later.
  const visible = invocation.showAgainAt(Date.parse(leaseExpiresAt as string) + leaseGrace);
  try {
    const { task: after } = await settle(leased.task, { id, leaseToken: leaseToken as string }, actor);
    if (!hasEnded(after.state)) await again(after, dueOf(after));
  } catch (error) {
    // Another sandbox has the task by now, and a message of its own.
    if (!(error instanceof Problem) || error.code !== 'lease_lost') throw error;
  } finally {
    await visible;
  }
}
