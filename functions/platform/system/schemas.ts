import * as z from 'zod/mini';

/** What the system endpoints answer. Times are ISO 8601, durations and latencies milliseconds unless said otherwise. */

export const healthStatus = z.enum(['healthy', 'degraded', 'unhealthy']);

export const healthOutput = z.strictObject({
  status: healthStatus,
  checks: z.array(
    z.strictObject({
      name: z.string(),
      status: healthStatus,
      durationMs: z.int(),
      detail: z.optional(z.string()),
    }),
  ),
});
export type Health = z.infer<typeof healthOutput>;
export type HealthStatus = z.infer<typeof healthStatus>;

/** Counts and latencies of requests; a latency is `null` where there was no request. */
const traffic = {
  requests: z.int(),
  clientErrors: z.int(),
  serverErrors: z.int(),
  /** Server errors per request, 0 to 1. */
  errorRate: z.number(),
  p50: z.nullable(z.number()),
  p95: z.nullable(z.number()),
  p99: z.nullable(z.number()),
};

const queueFigures = {
  name: z.string(),
  /** Messages that wait to be received. */
  waiting: z.nullable(z.number()),
  oldestSeconds: z.nullable(z.number()),
  deadLetters: z.nullable(z.number()),
};

export const metricsOutput = z.strictObject({
  from: z.string(),
  to: z.string(),
  periodSeconds: z.int(),
  total: z.strictObject(traffic),
  /** The routes that were called, busiest first. */
  routes: z.array(
    z.strictObject({ operation: z.string(), method: z.string(), path: z.string(), ...traffic }),
  ),
  series: z.array(
    z.strictObject({ at: z.string(), requests: z.int(), serverErrors: z.int(), p95: z.nullable(z.number()) }),
  ),
  queues: z.array(z.strictObject(queueFigures)),
  cache: z.strictObject({
    hitRate: z
      .nullable(z.number())
      .check(z.meta({ description: 'Hits per look-up, 0 to 1. `null` for now: no list is cached yet.' })),
  }),
  streamLagMs: z.nullable(z.number()),
});
export type SystemMetrics = z.infer<typeof metricsOutput>;

export const metricsParameters = z.strictObject({
  window: z.optional(
    z.string().check(z.meta({ description: 'How far back: 5m to 1d, such as 15m, 3h. Default 1h.' })),
  ),
  period: z.optional(
    z.string().check(
      z.meta({
        description:
          'Seconds of one point of the series, a multiple of 60. Default the first of 60, 300, 900, 3600 that gives at most 24 points.',
      }),
    ),
  ),
});

export const alertsOutput = z.strictObject({
  alerts: z.array(
    z.strictObject({
      name: z.string(),
      state: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']),
      since: z.nullable(z.string()),
      description: z.nullable(z.string()),
      metric: z.nullable(z.string()),
      threshold: z.nullable(z.number()),
      reason: z.nullable(z.string()),
    }),
  ),
});
export type Alerts = z.infer<typeof alertsOutput>;

const oldestSeconds = z
  .nullable(z.number())
  .check(z.meta({ description: 'Age of the oldest message; `null` while CloudWatch knows of none.' }));

export const queuesOutput = z.strictObject({
  queues: z.array(
    z.strictObject({
      name: z.string(),
      waiting: z.int(),
      inFlight: z.int(),
      delayed: z.int(),
      oldestSeconds,
      deadLetter: z.nullable(
        z.strictObject({ name: z.string(), waiting: z.int(), inFlight: z.int(), oldestSeconds }),
      ),
    }),
  ),
});
export type Queues = z.infer<typeof queuesOutput>;
