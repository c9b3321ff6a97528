import { now } from '../../shared/clock.ts';
import { env } from '../../shared/environment.ts';
import { type MetricQuery, readMetrics } from './cloudwatch.ts';

/** How old the newest record was that `changes` read: the lag of everything derived, in milliseconds. */
export function streamLagQuery(): MetricQuery {
  return {
    namespace: 'AWS/Lambda',
    name: 'IteratorAge',
    dimensions: { FunctionName: env('CHANGES_FUNCTION') },
    statistic: 'Maximum',
  };
}

const lookBackSeconds = 5 * 60;

/** The newest known lag; `null` when nothing was written in the last five minutes. */
export async function readStreamLag(timeoutMillis?: number): Promise<number | null> {
  const to = Math.ceil(now().getTime() / 60_000) * 60;
  const [series] = await readMetrics(
    [streamLagQuery()],
    { from: to - lookBackSeconds, to },
    60,
    timeoutMillis,
  );
  return series?.at(-1)?.value ?? null;
}
