import { awsJson } from '../../shared/aws/json-call.ts';
import { env } from '../../shared/environment.ts';
import type { TaskItem } from '../task.ts';

/** Tells the runner of a task. */
export interface RunnerMessage {
  tenantId: string;
  taskId: string;
  /** The version that the task has once the write that goes with this message has happened. */
  version: number;
  /** Decides about the queue. */
  priority: number;
  /** Epoch milliseconds; a message without its task is given up some time after. */
  sentAt: number;
  /** How often the task has found no room under the limits of its type. */
  waits?: number;
}

/** AWS: a message is delayed by at most 15 minutes; the runner sends it on when that was not enough. */
export const maxDelaySeconds = 900;
/** AWS: messages in one call. */
const messagesPerCall = 10;

/** The queue that a priority waits in: above 0, 0, below 0. */
export function runnerQueueUrl(priority: number): string {
  if (priority > 0) return env('QUEUE_RUNNER_HIGH_URL');
  return priority < 0 ? env('QUEUE_RUNNER_LOW_URL') : env('QUEUE_RUNNER_URL');
}

/** True for tasks that the runner takes up by itself, once it is told. */
export function isRunnerTask({ executor, state }: Pick<TaskItem, 'executor' | 'state'>): boolean {
  return (executor === 'builtin' || executor === 'http') && (state === 'ready' || state === 'scheduled');
}

/**
 * Sends the messages of tasks that are about to be written; tasks that are not for the runner have none. The
 * message goes first, so that an acknowledged task always has one: one without its task is harmless, a task
 * without its message would wait for ever. A blocked task gets its message when it is released.
 * @throws {Error} when SQS has not taken all of them: nothing must be written then
 */
export async function announceTasks(tasks: TaskItem[]): Promise<void> {
  const sentAt = Date.now();
  const queues = Map.groupBy(tasks.filter(isRunnerTask), ({ priority }) => runnerQueueUrl(priority));
  const calls = [...queues].flatMap(([url, some]) =>
    inCalls(some.map((task) => entry({ ...messageOf(task), sentAt }, dueOf(task)))).map((entries) =>
      sendEntries(url, entries),
    ),
  );
  await Promise.all(calls);
}

/** One SendMessage. Standard queues are fair between message groups, and a tenant is one. */
export async function sendMessage(message: RunnerMessage, dueMillis: number): Promise<void> {
  await awsJson('sqs', 'SendMessage', {
    QueueUrl: runnerQueueUrl(message.priority),
    ...entry(message, dueMillis),
  });
}

/** The message of a task as it is going to be written. */
export function messageOf(task: TaskItem): Omit<RunnerMessage, 'sentAt'> {
  return { tenantId: task.tenantId, taskId: task.id, version: task.version, priority: task.priority };
}

/** When the task may start, epoch milliseconds. */
export function dueOf(task: TaskItem): number {
  return task.state === 'scheduled' && task.runAt ? Date.parse(task.runAt) : 0;
}

type Entry = ReturnType<typeof entry>;

function entry(message: RunnerMessage, dueMillis: number) {
  const delay = Math.ceil((dueMillis - Date.now()) / 1_000);
  return {
    MessageBody: JSON.stringify(message),
    MessageGroupId: message.tenantId,
    ...(delay > 0 && { DelaySeconds: Math.min(maxDelaySeconds, delay) }),
  };
}

function inCalls(entries: Entry[]): Entry[][] {
  return Array.from({ length: Math.ceil(entries.length / messagesPerCall) }, (_, call) =>
    entries.slice(call * messagesPerCall, (call + 1) * messagesPerCall),
  );
}

async function sendEntries(url: string, entries: Entry[]): Promise<void> {
  const [alone] = entries;
  if (entries.length === 1) {
    await awsJson('sqs', 'SendMessage', { QueueUrl: url, ...alone });
    return;
  }
  const { Failed = [] } = await awsJson<{ Failed?: { Code: string }[] }>('sqs', 'SendMessageBatch', {
    QueueUrl: url,
    Entries: entries.map((one, index) => ({ Id: String(index), ...one })),
  });
  const [failed] = Failed;
  if (failed) throw new Error(`SQS refused ${Failed.length} messages for the runner: ${failed.Code}`);
}
