import type { Actor } from '../shared/actor.ts';
import { now } from '../shared/clock.ts';
import { getItem } from '../shared/dynamo/table.ts';
import { log } from '../shared/logger.ts';
import { Problem } from '../shared/problem.ts';
import { claimById } from '../tasks/claim-by-id.ts';
import { heartbeat } from '../tasks/heartbeat.ts';
import type { LeaseHolder } from '../tasks/lease-write.ts';
import { dueOf, messageOf, type RunnerMessage, sendMessage } from '../tasks/runner-queue.ts';
import { completeTask, failTask, releaseTask, type Settled } from '../tasks/settle.ts';
import { hasEnded } from '../tasks/state-machine.ts';
import { type Progress, type TaskItem, taskKey } from '../tasks/task.ts';
import { type Builtin, type BuiltinOutcome, TaskFailure } from './builtin.ts';
import { importContacts } from './imports/import-contacts.ts';

/** What runs each built-in type. */
const builtins: Record<string, Builtin> = { 'contacts.import': importContacts };

export interface Invocation {
  requestId: string;
  remainingMillis(): number;
}

/** A message comes before its task is written; after this long its task is never going to be, in milliseconds. */
const patienceMillis = 60_000;
/** How long a message waits for its task, or beyond the end of another's lease, in milliseconds. */
const pauseMillis = 2_000;
/** What settling a task at the end may take, in milliseconds. */
const settleMargin = 8_000;

/**
 * Brings one task forward. When this returns, the message has served: either the task has ended or another
 * message is on its way. Until then the message itself is what brings the task back after a crash.
 * @throws when tables or queues refuse: the message is tried again
 */
export async function runTask(message: RunnerMessage, invocation: Invocation): Promise<void> {
  const task = (await getItem('tasks', taskKey(message.tenantId, message.taskId))) as TaskItem | undefined;
  if (!task || task.version < message.version) {
    if (Date.now() - message.sentAt < patienceMillis) await sendMessage(message, Date.now() + pauseMillis);
    else log().warn('message without its task', { taskId: message.taskId });
    return;
  }
  if (hasEnded(task.state) || task.executor !== 'builtin') return;
  const due = nextChance(task);
  if (due > now().getTime()) {
    await again(task, due);
    return;
  }
  const actor = runnerActor(message.tenantId, invocation);
  const leased = await claimById(task, { workerId: `runner:${invocation.requestId}` }, actor);
  if (leased === 'lost') await again(task, Date.now() + pauseMillis);
  else if (leased !== 'ended') await work(leased.task, actor, invocation);
}

/** When the task can be taken: its start, or the end of someone's lease. */
function nextChance(task: TaskItem): number {
  if (task.state !== 'claimed') return dueOf(task);
  return Date.parse(task.leaseExpiresAt as string) + pauseMillis;
}

function again(task: TaskItem, due: number): Promise<void> {
  return sendMessage({ ...messageOf(task), sentAt: Date.now() }, due);
}

async function work(task: TaskItem, actor: Actor, invocation: Invocation): Promise<void> {
  const holder = { id: task.id, leaseToken: task.leaseToken as string };
  try {
    const { task: after } = await settle(task, holder, actor, invocation);
    if (!hasEnded(after.state)) await again(after, dueOf(after));
  } catch (error) {
    // Another sandbox has the task by now, and a message of its own.
    if (error instanceof Problem && error.code === 'lease_lost') return;
    throw error;
  }
}

/** Runs the work and settles the lease as it went. */
async function settle(
  task: TaskItem,
  holder: LeaseHolder,
  actor: Actor,
  invocation: Invocation,
): Promise<Settled> {
  let outcome: BuiltinOutcome;
  try {
    outcome = await perform(task, holder, actor, invocation);
  } catch (error) {
    if (error instanceof Problem && error.code === 'lease_lost') throw error;
    return failTask(holder, failureOf(error, task), actor);
  }
  return 'result' in outcome
    ? completeTask(holder, outcome.result, actor, outcome.progress)
    : releaseTask(holder, 0, actor, outcome.checkpoint);
}

function failureOf(error: unknown, task: TaskItem) {
  if (error instanceof TaskFailure) {
    return { error: { code: error.code, message: error.message }, retryable: error.retryable };
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

function runnerActor(tenantId: string, { requestId }: Invocation): Actor {
  return { caller: { tenantId, subject: 'system', role: 'worker' }, requestId };
}
