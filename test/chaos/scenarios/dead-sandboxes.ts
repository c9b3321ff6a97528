import { startReceiver } from '../../system/support/receiver.ts';
import { balance, type Stored, settleAll } from '../support/account.ts';
import { killSandbox } from '../support/faults.ts';
import type { Client } from '../support/http.ts';
import { probeLag } from '../support/lag.ts';
import { type LedgerEntry, memoryLedger } from '../support/ledger.ts';
import { produce, registerType } from '../support/producer.ts';
import type { Recovery } from '../support/recovery.ts';
import type { ScenarioRow } from '../support/report.ts';
import type { ChaosStack } from '../support/stack.ts';
import { randomBetween, until } from '../support/wait.ts';

const tasks = 240;
const deathsWanted = 6;
/** Messages at work in one sandbox of the runner (functions/runner/handler.ts). */
const tasksOfASandbox = 10;
/** The receiver's time limit and what is added to it for a lease (functions/tasks/push/push-task.ts). */
const timeoutSeconds = 3;
const leaseMillis = (timeoutSeconds + 15) * 1_000;

/** Sandboxes of the runner die while receivers work on the tasks that they were called for. */
export async function deadSandboxes(stack: ChaosStack): Promise<ScenarioRow> {
  const client = await stack.client('chaos-sandboxes');
  const entries: LedgerEntry[] = [];
  const { note } = memoryLedger('receiver', entries);
  let begun = 0;
  let open = 0;
  const receiver = await startReceiver(({ body, headers }) => {
    const token = String(headers['webhook-id']);
    note({ kind: 'started', task: body.id, token });
    const delay = randomBetween(200, 400);
    begun += 1;
    open += 1;
    setTimeout(() => {
      open -= 1;
    }, delay);
    return { delay, body: JSON.stringify({ token }) };
  });
  const type = 'pushed';
  await registerType(client, type, {
    executor: 'http',
    http: { url: receiver.url, timeoutSeconds },
    retry: { maxAttempts: 10, initialSeconds: 0, maxSeconds: 1 },
  });
  await registerType(client, 'pushed-probe', {});
  const lag = probeLag(client, 'pushed-probe');
  const deaths: number[] = [];
  // Work is left for those who come after each death.
  const pace = (made: number) =>
    until('the next death', 120_000, () => deaths.length >= Math.floor((made * deathsWanted) / tasks), 10);
  const producing = produce(client, { type, count: tasks, batch: 20, pace });
  producing.catch(() => {});
  while (deaths.length < deathsWanted) {
    // Each comes when receivers are waited for.
    const next = Math.round((deaths.length * tasks) / deathsWanted) + 5;
    await until('calls are made', 60_000, () => begun >= next && open > 0, 5);
    deaths.push(await killSandbox(stack.dataDir, 'runner'));
  }
  const ids = await producing;
  const stored = await settleAll(client, type, ids, 120_000);
  const claimP99Millis = await lag.stop();
  await receiver.stop();
  const histories = await readAttempts(client, stored);
  const failures = histories.flat().filter(({ outcome }) => outcome === 'failed').length;
  return {
    scenario: 'sandboxes of the runner die during `http` tasks',
    disturbance: `${deaths.length} sandboxes`,
    ...(await balance(client, ids, stored, entries)),
    // On a machine that stands still for seconds calls run into their time limit, too, and are made again.
    extraExecutionsAllowed: deaths.length * tasksOfASandbox + failures,
    // Nobody but the stack knows what the runner got acknowledged.
    doubleCompletes: histories
      .filter((attempts) => attempts.filter(({ outcome }) => outcome === 'completed').length !== 1)
      .map((attempts) => JSON.stringify(attempts)),
    recoveries: recoveriesOf(histories, deaths),
    claimP99Millis,
  };
}

interface Attempt {
  startedAt: string;
  outcome: string;
}

/** The attempts of the tasks that needed more than one; a lease may have been lost before its call went out. */
async function readAttempts(client: Client, stored: Stored[]): Promise<Attempt[][]> {
  const histories: Attempt[][] = [];
  for (const { id, attempt } of stored) {
    if (attempt < 2) continue;
    histories.push((await client.insist('GET', `/api/v1/tasks/${id}/history?limit=100`)).body.data);
  }
  return histories;
}

/** From a lost lease to the next one of the same task. */
function recoveriesOf(histories: Attempt[][], deaths: number[]): Recovery[] {
  return histories.flatMap((attempts) =>
    attempts.slice(1).flatMap(({ startedAt }, index) => {
      const before = attempts[index] as Attempt;
      const begun = Date.parse(before.startedAt);
      const lostAt = deaths.find((at) => at >= begun);
      if (before.outcome !== 'lease_expired' || lostAt === undefined) return [];
      const next = Date.parse(startedAt);
      return [{ sinceLoss: next - lostAt, sinceLeaseEnd: next - begun - leaseMillis }];
    }),
  );
}
