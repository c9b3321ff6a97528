import type { Health, HealthStatus } from './schemas.ts';

export interface CheckResult {
  status: HealthStatus;
  detail?: string;
}

export interface Check {
  name: string;
  /** What a failure or a timeout of the check itself means. */
  onFailure: HealthStatus;
  run(timeoutMillis: number): Promise<CheckResult>;
}

/** No check may take longer, in milliseconds; all of them run at once. */
export const checkTimeoutMillis = 2_000;

const severity: Record<HealthStatus, number> = { healthy: 0, degraded: 1, unhealthy: 2 };

/** Runs the checks; the whole is as bad as the worst of them. */
export async function runChecks(checks: Check[]): Promise<Health> {
  const results = await Promise.all(checks.map(runCheck));
  const worst = Math.max(0, ...results.map(({ status }) => severity[status]));
  const status = (Object.keys(severity) as HealthStatus[]).find((name) => severity[name] === worst);
  return { status: status ?? 'healthy', checks: results };
}

async function runCheck({ name, onFailure, run }: Check): Promise<Health['checks'][number]> {
  const start = performance.now();
  const result = await inTime(run(checkTimeoutMillis)).catch(
    // Names only: a message could hold a table's name or an address.
    (error: unknown): CheckResult => ({
      status: onFailure,
      detail: error instanceof Error ? error.name : 'failed',
    }),
  );
  return { name, durationMs: Math.round(performance.now() - start), ...result };
}

async function inTime<T>(result: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(Object.assign(new Error(), { name: `no answer in ${checkTimeoutMillis} ms` })),
    checkTimeoutMillis,
  );
  try {
    return await Promise.race([result, promise]);
  } finally {
    clearTimeout(timer);
  }
}
