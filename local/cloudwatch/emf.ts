import * as z from 'zod';
import type { MetricDatum } from '../types.ts';

/** An EMF line that CloudWatch would drop in silence; the message names the member. */
export class EmfError extends Error {
  override readonly name = 'EmfError';
}

const name = z.string().min(1).max(1024);

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
const metadata = z.object({
  Timestamp: z.int().positive(),
  CloudWatchMetrics: z.array(
    z.strictObject({
      Namespace: name,
      Dimensions: z.array(z.array(z.string().min(1).max(250)).max(30)),
      Metrics: z
        .array(
          z.strictObject({
            Name: name,
            Unit: z.optional(z.string()),
            StorageResolution: z.optional(z.literal([1, 60])),
          }),
        )
        .max(100),
    }),
  ),
});
const values = z.union([z.number(), z.array(z.number()).max(100)]);
const dimensionValue = z.string().min(1).max(1024);

/**
 * Reads one line of a function's output as an embedded metric.
 *
 * @returns one datum per metric, dimension set and value; undefined for a line that is no EMF at all
 * @throws {EmfError} for a line that means to be EMF and is not valid
 */
export function parseEmf(line: string): MetricDatum[] | undefined {
  const root = parseObject(line);
  if (root?._aws === undefined) return undefined;
  const { Timestamp, CloudWatchMetrics } = check(metadata, root._aws, '_aws');
  return CloudWatchMetrics.flatMap((directive) =>
    directive.Dimensions.flatMap((keys) => {
      const dimensions = Object.fromEntries(keys.map((key) => [key, check(dimensionValue, root[key], key)]));
      return directive.Metrics.flatMap((metric) =>
        [check(values, root[metric.Name], metric.Name)].flat().map((value) => ({
          namespace: directive.Namespace,
          name: metric.Name,
          dimensions,
          value,
          unit: metric.Unit,
          timestamp: Timestamp,
        })),
      );
    }),
  );
}

function parseObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function check<T extends z.ZodType>(schema: T, value: unknown, member: string): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new EmfError(`${[member, ...(issue?.path ?? [])].join('.')}: ${issue?.message}`);
}
