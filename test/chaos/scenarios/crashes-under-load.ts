import { balance, settleAll } from '../support/account.ts';
import { produce, registerType } from '../support/producer.ts';
import type { ScenarioRow } from '../support/report.ts';
import type { ChaosStack } from '../support/stack.ts';
import { randomBetween, sleep, until } from '../support/wait.ts';
import { startWorkers } from '../support/worker-fleet.ts';

const tasks = 240;

/** What is ended with `kill -9` while tasks are made, claimed and completed. */
export interface Crash {
  scenario: string;
  times: number;
  /** @returns milliseconds until the API answered again */
  crash(stack: ChaosStack): Promise<number>;
}

export const databaseCrash: Crash = {
  scenario: 'the DynamoDB engine is killed under load and starts again',
  times: 3,
  crash: (stack) => stack.crashDatabase(),
};

export const runtimeCrash: Crash = {
  scenario: 'the whole runtime is killed under load and is started again',
  times: 1,
  crash: (stack) => stack.crash(),
};

export interface Crashed extends ScenarioRow {
  /** The statuses by which workers learned of it; 0 for no answer. */
  statuses: number[];
  /** The dashboard's counters of the tenant, derived from the stream, once they rest. */
  counted: number;
}

/** Nothing that was acknowledged is lost, and what was not is repeated by those who waited for it. */
export async function crashesUnderLoad(
  stack: ChaosStack,
  { scenario, times, crash }: Crash,
): Promise<Crashed> {
  const tenant = `chaos-crash-${times}`;
  const token = await stack.token(tenant);
  const client = await stack.client(tenant);
  const type = 'crashed';
  await registerType(client, type, { leaseSeconds: 120, retry: { maxAttempts: 10 } });
  const workers = startWorkers(4, {
    url: stack.url,
    token,
    types: [type],
    max: 3,
    waitSeconds: 1,
    workMillis: [5, 25],
    repeatsClaims: true,
  });
  // Neither the last task is made before the last crash, nor the first one after it.
  let made = 0;
  let crashed = 0;
  const perCrash = tasks / (times + 1);
  const pace = async (soFar: number) => {
    made = soFar;
    await until('the next crash', 120_000, () => soFar < (crashed + 1) * perCrash + 40, 20);
  };
  const producing = produce(client, { type, count: tasks, pace });
  producing.catch(() => {});
  const downMillis: number[] = [];
  while (crashed < times) {
    await until('enough tasks are made', 60_000, () => made >= (crashed + 1) * perCrash, 10);
    await sleep(randomBetween(0, 60));
    downMillis.push(await crash(stack));
    crashed += 1;
  }
  const ids = await producing;
  const stored = await settleAll(client, type, ids, 120_000);
  await workers.stop();
  const entries = workers.entries();
  const counted = await countedTasks(stack, tenant, ids.length);
  return {
    scenario,
    disturbance: `${times} × ${Math.round(Math.max(...downMillis))} ms down at most`,
    ...(await balance(client, ids, stored, entries)),
    extraExecutionsAllowed: 0,
    recoveries: [],
    statuses: [...new Set(entries.flatMap((entry) => (entry.kind === 'claimBroken' ? [entry.status] : [])))],
    counted,
  };
}

/** What the counters come to; the stream may be behind, so they are given some time to reach `expected`. */
async function countedTasks(stack: ChaosStack, tenant: string, expected: number): Promise<number> {
  const client = await stack.client(tenant);
  const query = '{ dashboard { tasks { total } } }';
  let total = -1;
  await until('the counters have caught up', 20_000, async () => {
    const { body } = await client.insist('POST', '/api/graphql', { query });
    total = body.data?.dashboard.tasks.total ?? -1;
    return total === expected;
  }).catch(() => {});
  return total;
}
