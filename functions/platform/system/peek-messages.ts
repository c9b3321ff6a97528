import { awsJson } from '../../shared/aws/json-call.ts';
import { validationFailed } from '../../shared/problem.ts';
import { findFailureQueue } from './find-queue.ts';
import { readDepth } from './queue-depths.ts';
import type { Peek } from './queue-schemas.ts';

const defaultLimit = 10;
const maxLimit = 50;
/** How many receives of ten messages one look may take. */
const maxReceives = 20;
/** How long what is looked at is hidden at most, should it not be put back, in seconds. */
const hiddenSeconds = 30;

interface Received {
  MessageId: string;
  ReceiptHandle: string;
  Body: string;
  Attributes?: Record<string, string>;
}

/**
 * Looks at what is in a dead-letter queue without taking it: messages are hidden for a moment and shown again.
 * Their bodies belong to tenants, so those of others are only counted.
 * @throws {Problem} `not_found`, `validation_failed`
 */
export async function peekMessages(name: string, query: { limit?: string }, tenantId: string): Promise<Peek> {
  const limit = parseLimit(query.limit);
  const { name: queue, url } = findFailureQueue(name);
  const { waiting } = await readDepth(url);
  const seen = new Map<string, Received>();
  const handles: string[] = [];
  const own = () => [...seen.values()].filter((message) => tenantOf(message) === tenantId);
  try {
    for (let receives = 0; receives < maxReceives && seen.size < waiting; receives += 1) {
      const messages = await receive(url);
      handles.push(...messages.map(({ ReceiptHandle }) => ReceiptHandle));
      for (const message of messages) seen.set(message.MessageId, message);
      if (messages.length === 0 || own().length >= limit) break;
    }
  } finally {
    await putBack(url, handles);
  }
  const mine = own();
  return {
    queue,
    waiting,
    messages: mine.slice(0, limit).map(toView),
    others: seen.size - mine.length,
  };
}

function parseLimit(text: string | undefined): number {
  const limit = text === undefined ? defaultLimit : /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= maxLimit) return limit;
  throw validationFailed([
    { parameter: 'limit', code: 'invalid_value', message: `must be a whole number from 1 to ${maxLimit}` },
  ]);
}

/** Waiting a second asks all of SQS' servers; without it a short queue may look empty. */
async function receive(url: string): Promise<Received[]> {
  const { Messages = [] } = await awsJson<{ Messages?: Received[] }>('sqs', 'ReceiveMessage', {
    QueueUrl: url,
    MaxNumberOfMessages: 10,
    VisibilityTimeout: hiddenSeconds,
    WaitTimeSeconds: 1,
    MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount', 'MessageGroupId'],
  });
  return Messages;
}

/** What cannot be put back comes back by itself. */
async function putBack(url: string, handles: string[]): Promise<void> {
  for (let start = 0; start < handles.length; start += 10) {
    const Entries = handles.slice(start, start + 10).map((ReceiptHandle, at) => ({
      Id: String(at),
      ReceiptHandle,
      VisibilityTimeout: 0,
    }));
    await awsJson('sqs', 'ChangeMessageVisibilityBatch', { QueueUrl: url, Entries }).catch(() => undefined);
  }
}

/** Senders name the tenant in the message; its group is the tenant too. */
function tenantOf({ Body, Attributes }: Received): string | undefined {
  const body = parsed(Body) as { tenantId?: unknown } | null;
  return typeof body?.tenantId === 'string' ? body.tenantId : Attributes?.MessageGroupId;
}

function toView({ MessageId, Body, Attributes }: Received): Peek['messages'][number] {
  const sent = Number(Attributes?.SentTimestamp);
  return {
    id: MessageId,
    sentAt: sent > 0 ? new Date(sent).toISOString() : null,
    receives: Number(Attributes?.ApproximateReceiveCount ?? 0),
    body: parsed(Body),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
