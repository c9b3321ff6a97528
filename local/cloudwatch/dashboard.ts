import * as z from 'zod';

const position = z.int().nonnegative();

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
const dashboardBody = z.object({
  start: z.optional(z.string()),
  end: z.optional(z.string()),
  periodOverride: z.optional(z.enum(['auto', 'inherit'])),
  widgets: z
    .array(
      z.object({
        type: z.enum(['metric', 'text', 'log', 'alarm', 'explorer', 'custom']),
        x: z.optional(position.max(23)),
        y: z.optional(position),
        width: z.optional(z.int().min(1).max(24)),
        height: z.optional(z.int().min(1).max(1000)),
        properties: z.record(z.string(), z.unknown()),
      }),
    )
    .max(500),
});

/**
 * Nothing draws dashboards here, but CloudWatch would refuse a broken one at deployment.
 *
 * @throws {Error} when the body is no JSON or not of a dashboard's shape
 */
export function checkDashboardBody(body: unknown): void {
  if (typeof body !== 'string') throw new Error('DashboardBody must be a string of JSON');
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    throw new Error(`DashboardBody is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = dashboardBody.safeParse(json);
  if (result.success) return;
  const [issue] = result.error.issues;
  throw new Error(`DashboardBody ${issue?.path.join('.')}: ${issue?.message}`);
}
