import { setTimeout as sleep } from 'node:timers/promises';
import { type AwsClient, AwsError } from '../types.ts';

/** SQS' redrive operations, which fauxqs does not have. */
export interface MessageMoveTasks {
  handles(operation: string): boolean;
  /** @throws {AwsError} as SQS does */
  call(operation: string, input: Record<string, unknown>): Promise<Record<string, unknown>>;
}

interface MoveTask {
  TaskHandle: string;
  Status: 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED';
  SourceArn: string;
  DestinationArn?: string;
  MaxNumberOfMessagesPerSecond: number;
  ApproximateNumberOfMessagesMoved: number;
  ApproximateNumberOfMessagesToMove: number;
  FailureReason?: string;
  StartedTimestamp: number;
}

interface Message {
  Body: string;
  ReceiptHandle: string;
  MessageAttributes?: object;
  Attributes?: { MessageGroupId?: string };
}

const operations = ['StartMessageMoveTask', 'ListMessageMoveTasks', 'CancelMessageMoveTask'];
/** SQS' own limit, and its choice when none is given. */
const fastest = 500;

/**
 * @param sqs the service behind it
 * @param queueUrl queue name → URL
 */
export function createMessageMoveTasks(sqs: AwsClient, queueUrl: (name: string) => string): MessageMoveTasks {
  const tasks: MoveTask[] = [];
  return {
    handles: (operation) => operations.includes(operation),
    async call(operation, input) {
      if (operation === 'StartMessageMoveTask') return start(input);
      if (operation === 'CancelMessageMoveTask') return cancel(String(input.TaskHandle));
      const limit = Number(input.MaxResults ?? 1);
      return {
        Results: tasks
          .filter((task) => task.SourceArn === input.SourceArn)
          .slice(-limit)
          .reverse(),
      };
    },
  };

  async function start(input: Record<string, unknown>): Promise<Record<string, unknown>> {
    const SourceArn = String(input.SourceArn);
    const running = tasks.find((task) => task.SourceArn === SourceArn && task.Status === 'RUNNING');
    if (running !== undefined) {
      throw new AwsError('UnsupportedOperation', 'There is already a task running for this queue.');
    }
    const destination = await destinationOf(SourceArn, input.DestinationArn);
    const waiting = await attributes(SourceArn);
    const task: MoveTask = {
      TaskHandle: Buffer.from(JSON.stringify({ taskId: crypto.randomUUID(), sourceArn: SourceArn })).toString(
        'base64',
      ),
      Status: 'RUNNING',
      SourceArn,
      DestinationArn: input.DestinationArn === undefined ? undefined : String(input.DestinationArn),
      MaxNumberOfMessagesPerSecond: Math.min(fastest, Number(input.MaxNumberOfMessagesPerSecond ?? fastest)),
      ApproximateNumberOfMessagesMoved: 0,
      ApproximateNumberOfMessagesToMove: Number(waiting.ApproximateNumberOfMessages ?? 0),
      StartedTimestamp: Date.now(),
    };
    tasks.push(task);
    void move(task, urlOf(SourceArn), urlOf(destination));
    return { TaskHandle: task.TaskHandle };
  }

  async function move(task: MoveTask, from: string, to: string): Promise<void> {
    try {
      while (task.Status === 'RUNNING') {
        const max = Math.min(10, task.MaxNumberOfMessagesPerSecond);
        const received = await sqs.call('sqs', 'ReceiveMessage', {
          QueueUrl: from,
          MaxNumberOfMessages: max,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['MessageGroupId'],
        });
        const messages = (received.Messages ?? []) as Message[];
        if (messages.length === 0) break;
        for (const { Body, ReceiptHandle, MessageAttributes, Attributes } of messages) {
          const sent = { MessageBody: Body, MessageAttributes, MessageGroupId: Attributes?.MessageGroupId };
          await sqs.call('sqs', 'SendMessage', { QueueUrl: to, ...sent });
          await sqs.call('sqs', 'DeleteMessage', { QueueUrl: from, ReceiptHandle });
          task.ApproximateNumberOfMessagesMoved += 1;
        }
        await sleep((messages.length * 1000) / task.MaxNumberOfMessagesPerSecond);
      }
      task.Status = task.Status === 'CANCELLING' ? 'CANCELLED' : 'COMPLETED';
    } catch (error) {
      task.Status = 'FAILED';
      task.FailureReason = error instanceof Error ? error.message : String(error);
    }
  }

  function cancel(handle: string): Record<string, unknown> {
    const task = tasks.find(({ TaskHandle, Status }) => TaskHandle === handle && Status === 'RUNNING');
    if (task === undefined) throw new AwsError('ResourceNotFoundException', 'No such running task.', 404);
    task.Status = 'CANCELLING';
    return { ApproximateNumberOfMessagesMoved: task.ApproximateNumberOfMessagesMoved };
  }

  /** The named destination, or the one queue whose redrive policy points here. */
  async function destinationOf(sourceArn: string, named: unknown): Promise<string> {
    if (named !== undefined) return String(named);
    const { QueueUrls } = await sqs.call('sqs', 'ListQueues', {});
    for (const url of (QueueUrls ?? []) as string[]) {
      const { QueueArn = '', RedrivePolicy = '' } = await attributes(url);
      if (RedrivePolicy.includes(`"${sourceArn}"`)) return QueueArn;
    }
    throw new AwsError('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
  }

  async function attributes(queue: string): Promise<Record<string, string>> {
    const { Attributes } = await sqs.call('sqs', 'GetQueueAttributes', {
      QueueUrl: urlOf(queue),
      AttributeNames: ['All'],
    });
    return Attributes as Record<string, string>;
  }

  /** Of an ARN or a URL. */
  function urlOf(queue: string): string {
    return queueUrl(queue.split(/[:/]/).at(-1) ?? '');
  }
}
