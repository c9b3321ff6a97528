import * as z from 'zod/mini';
import { isAllowedUrl } from '../../shared/outgoing/target-url.ts';
import { type EventPattern, eventPatterns } from './event-types.ts';

/** What a new webhook is asked for. */
export const webhookInput = z.strictObject({
  url: z
    .string()
    .check(
      z.maxLength(2_000),
      z.refine(isAllowedUrl, 'must be an https URL without a user name or password'),
    ),
  events: z.array(z.enum(eventPatterns)).check(z.minLength(1), z.maxLength(eventPatterns.length)),
  description: z.optional(z.string().check(z.maxLength(500))),
});
export type WebhookInput = z.infer<typeof webhookInput>;

const members = {
  id: z.string(),
  url: z.string(),
  events: z.array(z.enum(eventPatterns)),
  description: z.nullable(z.string()),
  /** When and why it was switched off; `null` while it is on. */
  disabledAt: z.nullable(z.string()),
  disabledReason: z.nullable(z.enum(['gone', 'failing'])),
  version: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
  createdBy: z.string(),
  updatedBy: z.string(),
};

/** A webhook as it is listed. */
export const webhookOutput = z.strictObject(members);
export type Webhook = z.infer<typeof webhookOutput>;

/** The answer to its creation, the only one with the secret that signs its deliveries. */
export const createdWebhookOutput = z.strictObject({
  ...members,
  secret: z.optional(
    z.string().check(
      z.meta({
        description:
          'whsec_… of Standard Webhooks. Shown once: a replay under the same idempotency key leaves it out.',
      }),
    ),
  ),
});
export type CreatedWebhook = Webhook & { secret?: string };

export const deliveryStates = ['delivered', 'retrying', 'failed'] as const;

/** One event on its way to one webhook. */
export const deliveryOutput = z.strictObject({
  /** The `webhook-id` header: the same for every attempt. */
  id: z.string(),
  type: z.string(),
  /** When it happened. */
  at: z.string(),
  state: z.enum(deliveryStates),
  attempts: z.int(),
  lastAttemptAt: z.string(),
  /** The status that the receiver answered, or why there was none. */
  lastStatus: z.nullable(z.int()),
  lastError: z.nullable(z.string()),
  nextAttemptAt: z.nullable(z.string()),
});
export type Delivery = z.infer<typeof deliveryOutput>;

/** What deliveries need to know of a webhook. */
export interface WebhookTarget {
  id: string;
  url: string;
  events: EventPattern[];
  disabledAt?: string;
}
