import { performance } from 'node:perf_hooks';
import type { Client } from './http.ts';
import { percentile } from './recovery.ts';
import { sleep } from './wait.ts';

/** Measures what a claim by itself takes on this machine at this time, while a scenario runs. */
export interface LagProbe {
  /** Ends it. @returns the 99th percentile in milliseconds */
  stop(): Promise<number>;
}

/** @param type of which there are no tasks */
export function probeLag(client: Client, type: string): LagProbe {
  const durations: number[] = [];
  let stopped = false;
  const probing = (async () => {
    while (!stopped) {
      const began = performance.now();
      await client.insist('POST', '/api/v1/tasks/claim', { types: [type], workerId: 'probe' });
      durations.push(performance.now() - began);
      await sleep(150);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await probing;
      return percentile(durations, 0.99);
    },
  };
}
