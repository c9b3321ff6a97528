import { balance, settleAll } from '../support/account.ts';
import { startAnswerCutter } from '../support/answer-cutter.ts';
import { killSandbox } from '../support/faults.ts';
import { produce, registerType } from '../support/producer.ts';
import type { ScenarioRow } from '../support/report.ts';
import type { ChaosStack } from '../support/stack.ts';
import { sleep } from '../support/wait.ts';
import { startWorkers } from '../support/worker-fleet.ts';

const tasks = 240;
const share = 0.25;
const sandboxDeaths = 8;

/** What the workers behind the broken line can say of it. */
export interface DroppedAnswers extends ScenarioRow {
  /** Tasks that needed a second attempt although nobody gave one up. */
  attemptsSpent: number;
}

/**
 * One in four answers to claims and completes never arrives. Workers repeat the claim under its
 * `claimId`, or forget it; then the leases that they never heard of have to end.
 */
export async function droppedAnswers(stack: ChaosStack, repeatsClaims: boolean): Promise<DroppedAnswers> {
  const tenant = `chaos-cuts-${repeatsClaims}`;
  const token = await stack.token(tenant);
  const client = await stack.client(tenant);
  const type = 'dropped-answers';
  await registerType(client, type, { leaseSeconds: repeatsClaims ? 60 : 3, retry: { maxAttempts: 20 } });
  let claimsLost = 0;
  const cutter = await startAnswerCutter(stack.url, (path, body) => {
    if (Math.random() > share) return false;
    if (path.endsWith('/claim')) claimsLost += body.split('"leaseToken"').length - 1;
    return true;
  });
  const workers = startWorkers(6, {
    url: cutter.url,
    token,
    types: [type],
    max: 2,
    waitSeconds: 1,
    workMillis: [5, 20],
    repeatsClaims,
  });
  let deaths = 0;
  const killSome = async () => {
    for (; repeatsClaims && deaths < sandboxDeaths; deaths += 1) {
      await sleep(300);
      await killSandbox(stack.dataDir, 'tasks');
    }
  };
  const [ids] = await Promise.all([produce(client, { type, count: tasks }), killSome()]);
  const stored = await settleAll(client, type, ids, 120_000);
  await workers.stop();
  await cutter.stop();
  const entries = workers.entries();
  const mine = new Set(ids);
  return {
    scenario: repeatsClaims
      ? 'answers are lost on the wire, and sandboxes of the API die; claims are repeated under their `claimId`'
      : 'answers are lost on the wire; claims are not repeated',
    disturbance: `${cutter.cut()} answers, ${claimsLost} leases in them${repeatsClaims ? `; ${deaths} sandboxes` : ''}`,
    ...(await balance(client, ids, stored, entries)),
    // None; but on a machine that stands still for seconds short leases end while they are worked on.
    extraExecutionsAllowed: entries.filter(({ kind }) => kind === 'refused').length,
    recoveries: [],
    attemptsSpent: stored
      .filter(({ id }) => mine.has(id))
      .reduce((sum, { attempt }) => sum + Math.max(0, attempt - 1), 0),
  };
}
