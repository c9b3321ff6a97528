import { awsJson } from '../shared/aws/json-call.ts';
import { env } from '../shared/environment.ts';
import type { TaskItem } from './task.ts';

/** Tells the runner of a task. */
export interface RunnerMessage {
  tenantId: string;
  taskId: string;
  /** The version that the task has once the write that goes with this message has happened. */
  version: number;
  /** Epoch milliseconds; a message without its task is given up some time after. */
  sentAt: number;
}

/** AWS: a message is delayed by at most 15 minutes; the runner sends it on when that was not enough. */
export const maxDelaySeconds = 900;

/**
 * Sends the message of a task that is about to be written. The message goes first, so that an acknowledged task
 * always has one: one without its task is harmless, a task without its message would wait for ever.
 * @param dueMillis when the runner shall take it up
 */
export async function announce(message: Omit<RunnerMessage, 'sentAt'>, dueMillis: number): Promise<void> {
  await sendMessage({ ...message, sentAt: Date.now() }, dueMillis);
}

/** One SendMessage. Standard queues are fair between message groups, and a tenant is one. */
export async function sendMessage(message: RunnerMessage, dueMillis: number): Promise<void> {
  await awsJson('sqs', 'SendMessage', {
    QueueUrl: env('QUEUE_RUNNER_URL'),
    ...entry(message, dueMillis),
  });
}

/** The message of a task as it is going to be written. */
export function messageOf(task: TaskItem): Omit<RunnerMessage, 'sentAt'> {
  return { tenantId: task.tenantId, taskId: task.id, version: task.version };
}

/** When the task may start, epoch milliseconds. */
export function dueOf(task: TaskItem): number {
  return task.state === 'scheduled' && task.runAt ? Date.parse(task.runAt) : 0;
}

function entry(message: RunnerMessage, dueMillis: number) {
  const delay = Math.ceil((dueMillis - Date.now()) / 1_000);
  return {
    MessageBody: JSON.stringify(message),
    MessageGroupId: message.tenantId,
    ...(delay > 0 && { DelaySeconds: Math.min(maxDelaySeconds, delay) }),
  };
}
