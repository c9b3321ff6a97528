import { parseEmf } from './cloudwatch/emf.ts';
import type { MetricSink } from './types.ts';

/** Takes a line that a function wrote in the embedded metric format; CloudWatch would drop a bad one in silence. */
export function readMetricLine(line: string, metrics: MetricSink, log: (line: string) => void): void {
  try {
    for (const datum of parseEmf(line) ?? []) metrics.put(datum);
  } catch (error) {
    log(`a metric line is not valid: ${error instanceof Error ? error.message : String(error)}`);
  }
}
