/** Percentiles in milliseconds of a set of durations. */
export interface Latency {
  p50: number;
  p95: number;
  p99: number;
}

/** Nearest-rank percentiles. */
export function latencyOf(durations: number[]): Latency {
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** How a repeated action went. */
export interface Measurement extends Latency {
  count: number;
  perSecond: number;
  errors: number;
}

/**
 * Runs an action over and over with some callers at once.
 * @param action gets a running number; throws to count as an error
 */
export async function measure(
  action: (at: number) => Promise<void>,
  options: { callers: number; count: number },
): Promise<Measurement> {
  const durations: number[] = [];
  let next = 0;
  let errors = 0;
  const begin = performance.now();
  const caller = async () => {
    while (next < options.count) {
      const at = next;
      next += 1;
      const start = performance.now();
      try {
        await action(at);
      } catch {
        errors += 1;
      }
      durations.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: options.callers }, caller));
  const seconds = (performance.now() - begin) / 1000;
  return { ...latencyOf(durations), count: durations.length, perSecond: durations.length / seconds, errors };
}
