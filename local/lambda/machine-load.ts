import { cpus } from 'node:os';

/** A sample younger than this is still the answer. */
const sampleMilliseconds = 100;

/** Below this share of idle time there is nothing left to run another sandbox on. */
const idleShare = 0.1;

/**
 * Tells whether all processors are busy, whoever uses them. Then another sandbox would only take time from those
 * that work already.
 */
export function machineLoad(): () => boolean {
  let sampledAt = 0;
  let last = sample();
  let isBusy = false;
  return () => {
    const now = performance.now();
    if (now - sampledAt < sampleMilliseconds) return isBusy;
    const next = sample();
    const total = next.total - last.total;
    if (total > 0) isBusy = (next.idle - last.idle) / total < idleShare;
    sampledAt = now;
    last = next;
    return isBusy;
  };
}

function sample(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, total };
}
