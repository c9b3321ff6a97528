import * as z from 'zod/mini';

const queueSchema = z.object({ name: z.string(), queueName: z.string(), url: z.string() });

/** Every variable that the stack may set on a function; each function has those that it needs. */
const environmentSchema = z.object({
  STAGE: z._default(z.string(), 'dev'),
  TABLE_CRM: z.optional(z.string()),
  TABLE_TASKS: z.optional(z.string()),
  TABLE_PLATFORM: z.optional(z.string()),
  TABLE_VIEWS: z.optional(z.string()),
  QUEUE_RUNNER_HIGH_URL: z.optional(z.string()),
  QUEUE_RUNNER_URL: z.optional(z.string()),
  QUEUE_RUNNER_LOW_URL: z.optional(z.string()),
  QUEUE_WEBHOOKS_URL: z.optional(z.string()),
  BUCKET_FILES: z.optional(z.string()),
  GRAPHQL_URL: z.optional(z.string()),
  JWT_ISSUER: z.optional(z.string()),
  JWT_AUDIENCE: z.optional(z.string()),
  CURSOR_KEY: z.optional(z.string()),
  ALARM_PREFIX: z.optional(z.string()),
  METRICS_NAMESPACE: z._default(z.string(), 'Tandem'),
  HTTP_API_ID: z.optional(z.string()),
  /** JSON: the work queues with their dead-letter queues. */
  QUEUE_NAMES: z.optional(
    z.pipe(
      z.pipe(
        z.string(),
        z.transform((text) => JSON.parse(text) as unknown),
      ),
      z.array(z.extend(queueSchema, { deadLetter: z.optional(queueSchema) })),
    ),
  ),
  CHANGES_FUNCTION: z.optional(z.string()),
  AWS_REGION: z._default(z.string(), 'us-east-1'),
});

export type Environment = z.infer<typeof environmentSchema>;

let environment: Environment | undefined;

/**
 * A variable of the environment, which is read and checked once.
 * @throws when the stack did not give it to this function: a mistake in `lib/`, not of a caller
 */
export function env<K extends keyof Environment>(name: K): NonNullable<Environment[K]> {
  environment ??= environmentSchema.parse(process.env);
  const value = environment[name];
  if (value === undefined || value === null) throw new Error(`environment variable ${name} is not set`);
  return value;
}
