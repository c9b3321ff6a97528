import * as z from 'zod';
import { AwsError } from '../types.ts';
import { metricDataQuery } from './metric-queries.ts';

/** The JSON protocol sends epoch seconds, other callers a `Date` or ISO 8601. */
const instant = z.pipe(
  z.union([z.date(), z.number(), z.iso.datetime({ offset: true })]),
  z.transform((value) => (typeof value === 'number' ? value * 1000 : new Date(value).getTime())),
);
const nextToken = z.optional(z.string());
const dimensionFilters = z.optional(z.array(z.object({ Name: z.string(), Value: z.optional(z.string()) })));

/** Inputs of the operations that are served, as in the API reference; times become epoch milliseconds. */
export const inputs = {
  GetMetricData: z.object({
    MetricDataQueries: z.array(metricDataQuery).min(1).max(500),
    StartTime: instant,
    EndTime: instant,
    NextToken: nextToken,
    ScanBy: z.optional(z.enum(['TimestampAscending', 'TimestampDescending'])),
    MaxDatapoints: z.optional(z.int().positive().max(100_800)),
  }),
  DescribeAlarms: z.object({
    AlarmNames: z.optional(z.array(z.string()).max(100)),
    AlarmNamePrefix: z.optional(z.string()),
    AlarmTypes: z.optional(z.array(z.enum(['MetricAlarm', 'CompositeAlarm']))),
    StateValue: z.optional(z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA'])),
    ActionPrefix: z.optional(z.string()),
    MaxRecords: z.optional(z.int().min(1).max(100)),
    NextToken: nextToken,
  }),
  PutMetricData: z.object({
    Namespace: z.string().min(1).max(255),
    MetricData: z
      .array(
        z.object({
          MetricName: z.string().min(1).max(255),
          Dimensions: z.optional(z.array(z.object({ Name: z.string(), Value: z.string() })).max(30)),
          Timestamp: z.optional(instant),
          Value: z.optional(z.number()),
          Values: z.optional(z.array(z.number()).max(150)),
          Counts: z.optional(z.array(z.number().positive()).max(150)),
          Unit: z.optional(z.string()),
        }),
      )
      .max(1000),
  }),
  ListMetrics: z.object({
    Namespace: z.optional(z.string()),
    MetricName: z.optional(z.string()),
    Dimensions: dimensionFilters,
    RecentlyActive: z.optional(z.literal('PT3H')),
    NextToken: nextToken,
  }),
} as const;
export type Operation = keyof typeof inputs;
export type Input<O extends Operation> = z.infer<(typeof inputs)[O]>;

/**
 * @throws {AwsError} `InvalidParameterValue` naming the member
 */
export function parseInput<O extends Operation>(operation: O, input: Record<string, unknown>): Input<O> {
  const result = (inputs[operation] as z.ZodType).safeParse(input);
  if (result.success) return result.data as Input<O>;
  const [issue] = result.error.issues;
  throw new AwsError('InvalidParameterValue', `${issue?.path.join('.')}: ${issue?.message}`);
}

/**
 * Cuts a list at a token that is the position to go on from.
 *
 * @throws {AwsError} `InvalidNextToken`
 */
export function pageOf<T>(
  items: readonly T[],
  size: number,
  token: string | undefined,
): { page: T[]; NextToken?: string } {
  const from = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString());
  if (!Number.isInteger(from) || from < 0)
    throw new AwsError('InvalidNextToken', 'The next token is not valid.');
  const next = from + size;
  return {
    page: items.slice(from, next),
    ...(next < items.length && { NextToken: Buffer.from(String(next)).toString('base64url') }),
  };
}
