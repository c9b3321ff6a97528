import type { MetricDatum, RuntimeContext } from '../../local/types.ts';
import { OriginTable } from './origin-table.ts';

export interface TestContext extends RuntimeContext {
  /** What the part under test has measured. */
  measured: MetricDatum[];
  lines: string[];
  origins: OriginTable;
}

/** What the runtime hands to a service factory, for tests of one service alone. */
export function runtimeContext(overrides: Partial<RuntimeContext> = {}): TestContext {
  const measured: MetricDatum[] = [];
  const lines: string[] = [];
  return {
    settings: {
      region: 'us-east-1',
      accountId: '123456789012',
      dataDir: '/nonexistent',
      port: 3000,
      origin: 'http://localhost:3000',
      assemblyDir: '/nonexistent',
    },
    metrics: { put: (datum) => void measured.push(datum) },
    aws: { call: () => Promise.reject(new Error('this test makes no AWS calls')) },
    assets: {
      path: (key) => {
        throw new Error(`no asset ${key}`);
      },
    },
    credentials: { environment: () => ({}), principalOf: () => undefined },
    log: (line) => void lines.push(line),
    ...overrides,
    measured,
    lines,
    origins: new OriginTable(),
  };
}
