import { balance, settleAll } from '../support/account.ts';
import { probeLag } from '../support/lag.ts';
import { produce, registerType } from '../support/producer.ts';
import { recoveries } from '../support/recovery.ts';
import type { ScenarioRow } from '../support/report.ts';
import type { ChaosStack } from '../support/stack.ts';
import { randomBetween, sleep, until } from '../support/wait.ts';
import { forkWorker, type WorkerProcess } from '../support/worker-fleet.ts';

const tasks = 240;
const kills = 10;
const fleet = 4;
const max = 2;
const batch = 5;

/** Worker processes are ended with SIGKILL while they hold leases; others, and new ones, take their work over. */
export async function killedWorkers(stack: ChaosStack): Promise<ScenarioRow> {
  const tenant = 'chaos-kills';
  const client = await stack.client(tenant);
  const token = await stack.token(tenant);
  const type = 'killed-workers';
  await registerType(client, type, { leaseSeconds: 3, retry: { maxAttempts: 10, initialSeconds: 0 } });
  await registerType(client, 'killed-workers-probe', {});
  const lag = probeLag(client, 'killed-workers-probe');
  const all: WorkerProcess[] = [];
  const hire = () => {
    const workerId = `killed-${all.length}`;
    const settings = { url: stack.url, token, types: [type], workerId, max, waitSeconds: 2 };
    const work = { workMillis: [40, 90] as [number, number], repeatsClaims: true };
    const worker = forkWorker({ ...settings, ...work }, stack.dataDir);
    all.push(worker);
    return worker;
  };
  const alive = new Set(Array.from({ length: fleet }, hire));
  // No backlog, on a slow machine neither: a task that comes back stands behind those that were ready before it.
  const leased = () =>
    new Set(entriesOf(all).flatMap((entry) => (entry.kind === 'leased' ? [entry.task] : [])));
  const pace = (made: number) => until('tasks are leased', 60_000, () => leased().size >= made, 40);
  const producing = produce(client, { type, count: tasks, batch, pace });
  const losses = new Map<string, number>();
  while (losses.size < kills) {
    const [victim] = [...alive].slice(randomBetween(0, alive.size - 1));
    if (!victim) throw new Error('no worker is left');
    // Work begins and ends with an entry; between the two it is at work.
    await until(`${victim.workerId} is at work`, 30_000, () => isAtWork(victim), 5);
    await victim.kill();
    losses.set(victim.workerId, Date.now());
    alive.delete(victim);
    alive.add(hire());
    await sleep(randomBetween(100, 500));
  }
  const ids = await producing;
  const stored = await settleAll(client, type, ids, 120_000);
  const claimP99Millis = await lag.stop();
  await Promise.all([...alive].map((worker) => worker.stop()));
  const entries = entriesOf(all);
  return {
    scenario: 'workers are killed with SIGKILL at work',
    disturbance: `${kills} kills`,
    ...(await balance(client, ids, stored, entries)),
    // Of the leases that a killed worker had it had begun at most one; on a machine that stands still for seconds
    // the leases of living ones end, too.
    extraExecutionsAllowed: kills + entries.filter(({ kind }) => kind === 'refused').length,
    recoveries: recoveries(entries, losses),
    claimP99Millis,
  };
}

const entriesOf = (workers: WorkerProcess[]) => workers.flatMap((worker) => worker.entries());

function isAtWork(worker: WorkerProcess): boolean {
  return worker.entries().at(-1)?.kind === 'started';
}
