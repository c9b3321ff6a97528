import type { SqsQueue } from '../../node_modules/fauxqs/dist/sqs/sqsStore.js';
import { FairLine } from './fair-line.ts';
import type { MessageGroups } from './message-groups.ts';

type Message = SqsQueue['messages'][number];

/**
 * Makes a standard queue of fauxqs fair. Groups are kept with their messages: in fauxqs' file, through the
 * dead-letter queue, and as the attribute `MessageGroupId` of a received message.
 */
export function makeFair(queue: SqsQueue, groups: MessageGroups): void {
  if (queue.isFifo()) return;
  let line = new FairLine<Message>(queue.messages);
  // fauxqs replaces its array when the queue is purged.
  Object.defineProperty(queue, 'messages', {
    get: () => line,
    set: (messages: Message[]) => {
      line = new FairLine(messages);
    },
  });
  const enqueue = queue.enqueue.bind(queue);
  queue.enqueue = (message) => {
    message.messageGroupId ??= groups.groupOf(message.body);
    enqueue(message);
  };
  const dequeue = queue.dequeue.bind(queue);
  queue.dequeue = (...parameters) => {
    // Leases that have ended free their group before the count.
    queue.processTimers();
    line.countInFlight([...queue.inflightMessages.values()].map(({ message }) => message));
    return dequeue(...parameters);
  };
}

/**
 * Shows the messages again that a former process had received: nobody is at work on them any more, and their
 * visibility timeout is several minutes.
 */
export function showUnfinished(queue: SqsQueue): void {
  for (const handle of [...queue.inflightMessages.keys()]) queue.changeVisibility(handle, 0);
}
