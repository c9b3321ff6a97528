import * as z from 'zod/mini';

export const peekParameters = z.strictObject({
  limit: z.optional(z.string().check(z.meta({ description: 'Messages shown, 1 to 50. Default 10.' }))),
});

export const peekOutput = z.strictObject({
  queue: z.string(),
  /** About how many there are in all. */
  waiting: z.int(),
  messages: z.array(
    z.strictObject({
      id: z.string(),
      sentAt: z.nullable(z.string()),
      /** How often it was received, here or before it failed for good. */
      receives: z.int(),
      /** What was sent: JSON, or text that is none. */
      body: z.unknown(),
    }),
  ),
  others: z
    .int()
    .check(z.meta({ description: 'Messages that were seen and belong to other tenants or to none.' })),
});
export type Peek = z.infer<typeof peekOutput>;

/** AWS: a move takes at most 500 messages a second. */
const maxRatePerSecond = 500;

export const redriveInput = z.optional(
  z.strictObject({
    ratePerSecond: z.optional(
      z
        .int()
        .check(
          z.gte(1),
          z.lte(maxRatePerSecond),
          z.meta({ description: 'Messages a second; as fast as SQS sees fit when left out.' }),
        ),
    ),
  }),
);
export type RedriveInput = z.infer<typeof redriveInput>;

export const redriveOutput = z.strictObject({
  /** The dead-letter queue that is emptied, and the queue that its messages go back to. */
  from: z.string(),
  to: z.string(),
  /** About how many; SQS calls its own numbers approximate. */
  messages: z.int(),
});
export type Redrive = z.infer<typeof redriveOutput>;
