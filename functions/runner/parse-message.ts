import * as z from 'zod/mini';
import type { RunnerMessage } from '../tasks/push/runner-queue.ts';

const messageSchema = z.object({
  tenantId: z.string().check(z.minLength(1)),
  taskId: z.string().check(z.minLength(1)),
  version: z.int(),
  priority: z._default(z.int(), 0),
  sentAt: z.number(),
  waits: z.optional(z.int()),
});

/** @throws when the message is none of ours: it goes to the dead-letter queue */
export function parseMessage(body: string): RunnerMessage {
  return messageSchema.parse(JSON.parse(body));
}
