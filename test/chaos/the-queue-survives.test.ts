import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Crashed,
  crashesUnderLoad,
  databaseCrash,
  runtimeCrash,
} from './scenarios/crashes-under-load.ts';
import { deadSandboxes } from './scenarios/dead-sandboxes.ts';
import { droppedAnswers } from './scenarios/dropped-answers.ts';
import { jumpingClock } from './scenarios/jumping-clock.ts';
import { killedWorkers } from './scenarios/killed-workers.ts';
import { noisyRunner, noisyWorkers } from './scenarios/noisy-tenant.ts';
import { poison } from './scenarios/poison.ts';
import { repeatedCompletes } from './scenarios/repeated-completes.ts';
import { percentile, type Recovery } from './support/recovery.ts';
import { type FairnessRow, report, type ScenarioRow } from './support/report.ts';
import { type ChaosStack, startStack } from './support/stack.ts';

let stack: ChaosStack;
const rows: ScenarioRow[] = [];
const fairness: FairnessRow[] = [];
const began = performance.now();

beforeAll(async () => {
  stack = await startStack();
}, 150_000);

afterAll(async () => {
  await stack?.stop();
  report(rows, fairness, (performance.now() - began) / 1_000);
}, 60_000);

/** Runs a scenario and asserts what must hold whatever happens. */
function survives<Row extends ScenarioRow>(
  what: string,
  scenario: (stack: ChaosStack) => Promise<Row>,
  more: (row: () => Row) => void = () => {},
): void {
  describe(what, () => {
    let row: Row;
    beforeAll(async () => {
      const started = performance.now();
      row = await scenario(stack);
      rows.push(row);
      process.stderr.write(`chaos: ${what}: ${((performance.now() - started) / 1_000).toFixed(1)} s\n`);
    });
    test('loses no task', () => {
      expect(row.lost).toEqual([]);
      expect(row.completedOnce + row.dead).toBe(row.tasksIn);
    });
    test('completes no task twice', () => {
      expect(row.doubleCompletes).toEqual([]);
      expect(row.wrongResults).toEqual([]);
    });
    test('repeats no more work than it must', () => {
      expect(row.extraExecutions).toBeLessThanOrEqual(row.extraExecutionsAllowed);
    });
    more(() => row);
  });
}

const p99 = (all: Recovery[]) =>
  percentile(
    all.map(({ sinceLeaseEnd }) => sinceLeaseEnd),
    0.99,
  );

/**
 * The next claim after the end of a lease has it. What claims take at that time is the machine's: one that is under
 * way at the end of the lease, and the one after it.
 */
function recoversWithinASecond(row: () => ScenarioRow): void {
  test('takes tasks over within a second of the end of their lease', () => {
    expect(row().recoveries.length).toBeGreaterThan(0);
    expect(p99(row().recoveries)).toBeLessThanOrEqual(1_000 + 2 * (row().claimP99Millis ?? 0));
  });
}

survives('Killing workers', killedWorkers, recoversWithinASecond);

survives(
  'Losing answers of workers that repeat their claims',
  (stack) => droppedAnswers(stack, true),
  (row) => {
    test('spends no attempt on them', () => {
      expect(row().attemptsSpent).toBe(0);
    });
  },
);

survives('Losing answers of workers that do not repeat their claims', (stack) =>
  droppedAnswers(stack, false),
);

survives('Completing twice and late', repeatedCompletes, (row) => {
  test('answers both of two equal completes alike', () => {
    expect(row().equalPairs).toBe(80);
  });
  test('refuses late ones with lease_lost, and changes nothing', () => {
    expect(row()).toMatchObject({ late: 160, lateRefused: 160, changedByLate: 0 });
  });
  test('lets exactly one win when a late complete meets the takeover', () => {
    expect(row().races).toBeGreaterThan(0);
    expect(row().brokenRaces).toBe(0);
  });
});

survives('Poison', poison, (row) => {
  test('ends dead, after exactly the attempts that it has', () => {
    expect(row()).toMatchObject({ dead: row().tasksIn, wrongAttempts: 0 });
  });
});

survives('Clocks of workers that jump', jumpingClock, (row) => {
  test('matters to no lease', () => {
    expect(row().attemptsSpent).toBe(0);
  });
});

survives('Killing sandboxes of the runner', deadSandboxes, (row) => {
  // The message of a task sleeps in whole seconds, and its lease is over a moment before it wakes.
  test('repeats their tasks within three seconds of the end of their leases', () => {
    expect(row().recoveries.length).toBeGreaterThan(0);
    expect(p99(row().recoveries)).toBeLessThanOrEqual(3_000 + 2 * (row().claimP99Millis ?? 0));
  });
});

/** Below this a wait is the pause of a long poll and the moment's other work, in milliseconds, and no queue. */
const unnoticed = 200;

function isFair({ quietP95Millis, noisyP95Millis }: FairnessRow): boolean {
  return noisyP95Millis <= Math.max(unnoticed, 2 * quietP95Millis);
}

describe.each([
  ['tasks of workers', noisyWorkers],
  ['tasks of the runner', noisyRunner],
])('A tenant with nine tenths of the load, %s', (what, scenario) => {
  let row: FairnessRow;
  beforeAll(async () => {
    const started = performance.now();
    row = await scenario(stack);
    // The two times are compared on a machine that others use as well: a bad moment is not the stack's.
    for (let tries = 1; tries < 3 && !isFair(row); tries += 1) row = await scenario(stack);
    fairness.push(row);
    process.stderr.write(`chaos: noise, ${what}: ${((performance.now() - started) / 1_000).toFixed(1)} s\n`);
  });
  test('at most doubles the wait of a quiet one', () => {
    expect(row.lost).toBe(0);
    expect({ ...row, fair: isFair(row) }).toMatchObject({ fair: true });
  });
});

function countsEveryTask(row: () => Crashed): void {
  test('counts every task once', () => {
    expect(row().counted).toBe(row().tasksIn);
  });
}

survives(
  'Killing the database',
  (stack) => crashesUnderLoad(stack, databaseCrash),
  (row) => {
    countsEveryTask(row);
    test('shows as 503 at most', () => {
      expect(row().statuses.filter((status) => status !== 503)).toEqual([]);
    });
  },
);

survives('Killing the runtime', (stack) => crashesUnderLoad(stack, runtimeCrash), countsEveryTask);
