import * as z from 'zod/mini';
import { awsJson } from '../../shared/aws/json-call.ts';
import { env } from '../../shared/environment.ts';

/** An event on its way to one webhook, as the queue holds it. */
export const deliveryMessage = z.strictObject({
  tenantId: z.string(),
  webhookId: z.string(),
  event: z.strictObject({
    /** Made from what happened, so that an event that is told twice has the same id. */
    id: z.string(),
    type: z.string(),
    timestamp: z.string(),
    data: z.record(z.string(), z.unknown()),
  }),
  /** From 1. */
  attempt: z.int(),
  /** Epoch milliseconds; longer waits than SQS can hold are made of several. */
  notBefore: z.optional(z.int()),
});
export type DeliveryMessage = z.infer<typeof deliveryMessage>;
export type WebhookEvent = DeliveryMessage['event'];

/** Below SQS's 15 minutes, so that a waiting message never looks like a queue that nobody serves. */
const longestDelaySeconds = 600;
/** AWS: ten messages and 1 MiB in one call. */
const messagesPerCall = 10;
const bytesPerCall = 900_000;

interface BatchAnswer {
  Failed?: { Id: string; Code: string; Message?: string }[];
}

/** Puts messages on the queue of deliveries. @throws {Error} when SQS has not taken all of them */
export async function sendDeliveries(messages: DeliveryMessage[]): Promise<void> {
  for (const some of inCalls(messages)) {
    const answer = await awsJson<BatchAnswer>('sqs', 'SendMessageBatch', {
      QueueUrl: env('QUEUE_WEBHOOKS_URL'),
      Entries: some.map((message, index) => ({
        Id: String(index),
        MessageBody: JSON.stringify(message),
        // Standard queues are fair between message groups: a busy tenant does not hold up the others.
        MessageGroupId: message.tenantId,
        DelaySeconds: delayOf(message),
      })),
    });
    const [failed] = answer.Failed ?? [];
    if (failed) throw new Error(`SQS refused ${answer.Failed?.length} deliveries: ${failed.Code}`);
  }
}

function delayOf({ notBefore }: DeliveryMessage): number {
  if (notBefore === undefined) return 0;
  return Math.min(longestDelaySeconds, Math.max(0, Math.ceil((notBefore - Date.now()) / 1_000)));
}

function inCalls(messages: DeliveryMessage[]): DeliveryMessage[][] {
  const calls: DeliveryMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = Buffer.byteLength(JSON.stringify(message));
    const current = calls.at(-1);
    if (current && current.length < messagesPerCall && bytes + size <= bytesPerCall) {
      current.push(message);
      bytes += size;
    } else {
      calls.push([message]);
      bytes = size;
    }
  }
  return calls;
}
