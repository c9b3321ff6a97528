import { balance, settleAll } from '../support/account.ts';
import { produce, registerType } from '../support/producer.ts';
import type { ScenarioRow } from '../support/report.ts';
import type { ChaosStack } from '../support/stack.ts';
import { forkWorker } from '../support/worker-fleet.ts';

const tasks = 240;
const jumpSeconds = 3_600;

/** Workers whose clock is off by up to an hour, another amount at each look: leases go by the stack's clock alone. */
export async function jumpingClock(stack: ChaosStack): Promise<ScenarioRow & { attemptsSpent: number }> {
  const tenant = 'chaos-clock';
  const token = await stack.token(tenant);
  const client = await stack.client(tenant);
  const type = 'jumping-clock';
  await registerType(client, type, { leaseSeconds: 60 });
  const workers = Array.from({ length: 3 }, (_, index) =>
    forkWorker(
      {
        url: stack.url,
        token,
        types: [type],
        workerId: `jumping-${index}`,
        max: 5,
        waitSeconds: 1,
        workMillis: [1, 10],
        repeatsClaims: true,
      },
      stack.dataDir,
      { CHAOS_CLOCK_JUMP_SECONDS: String(jumpSeconds) },
    ),
  );
  const ids = await produce(client, { type, count: tasks });
  const stored = await settleAll(client, type, ids, 120_000);
  await Promise.all(workers.map((worker) => worker.stop()));
  const entries = workers.flatMap((worker) => worker.entries());
  return {
    scenario: "the workers' clocks jump by up to ±1 h",
    disturbance: 'at each look at the clock',
    ...(await balance(client, ids, stored, entries)),
    extraExecutionsAllowed: 0,
    recoveries: [],
    attemptsSpent: stored.reduce((sum, { attempt }) => sum + attempt - 1, 0),
  };
}
