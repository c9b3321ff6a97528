import { balance, settleAll } from '../support/account.ts';
import { produce, registerType } from '../support/producer.ts';
import type { ScenarioRow } from '../support/report.ts';
import type { ChaosStack } from '../support/stack.ts';
import { startWorkers } from '../support/worker-fleet.ts';

const tasks = 200;
const maxAttempts = 3;

/** Inputs that programs choke on; each goes through as it is. */
const oddInputs: unknown[] = [
  {},
  [],
  0,
  false,
  '',
  null,
  'x'.repeat(200_000),
  JSON.parse(`${'['.repeat(60)}1${']'.repeat(60)}`),
  { __proto__: null, constructor: 'x', '': { '\u0000': '\ud83d\ude00' } },
  Array.from({ length: 5_000 }, (_, at) => ({ at })),
];

export interface Poison extends ScenarioRow {
  /** Tasks that were begun another number of times than they have attempts. */
  wrongAttempts: number;
}

/** Tasks whose handler always fails, or whose workers go silent: each ends dead after its attempts. */
export async function poison(stack: ChaosStack): Promise<Poison> {
  const tenant = 'chaos-poison';
  const token = await stack.token(tenant);
  const client = await stack.client(tenant);
  const type = 'poison';
  const retry = { maxAttempts, initialSeconds: 0, factor: 1, maxSeconds: 1, jitter: false };
  await registerType(client, type, { leaseSeconds: 60, retry });
  const settings = { url: stack.url, token, types: [type], max: 5, waitSeconds: 1, repeatsClaims: true };
  const failing = startWorkers(3, { ...settings, workMillis: [0, 5], failsWith: 'always' }, 'failing');
  // Holds what it claims beyond the lease and is refused then.
  const silent = startWorkers(
    3,
    { ...settings, max: 1, leaseSeconds: 1, workMillis: [1_400, 1_600], failsWith: 'late' },
    'silent',
  );
  const ids = await produce(client, {
    type,
    count: tasks,
    batch: 5,
    task: (at) => ({ input: oddInputs[at % oddInputs.length] }),
  });
  const stored = await settleAll(client, type, ids, 120_000);
  await Promise.all([failing.stop(), silent.stop()]);
  const entries = [...failing.entries(), ...silent.entries()];
  const begun = Map.groupBy(
    entries.filter(({ kind }) => kind === 'leased'),
    (entry) => ('task' in entry ? entry.task : ''),
  );
  return {
    scenario: 'handlers always fail or go silent, on inputs of every kind',
    disturbance: `${maxAttempts} attempts each`,
    ...(await balance(client, ids, stored, entries)),
    extraExecutionsAllowed: tasks * (maxAttempts - 1),
    recoveries: [],
    wrongAttempts: ids.filter((id) => begun.get(id)?.length !== maxAttempts).length,
  };
}
