import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import type { Account } from './account.ts';
import { percentile, type Recovery } from './recovery.ts';

/** A scenario's line in the table. */
export interface ScenarioRow extends Account {
  scenario: string;
  /** What was done to the stack or its workers, counted: `12 kills`. */
  disturbance: string;
  /** Work that may have been begun twice because of the disturbance; more is a defect. */
  extraExecutionsAllowed: number;
  recoveries: Recovery[];
  /** What a claim of a type without tasks took at the same time, 99th percentile. */
  claimP99Millis?: number;
}

/** How long a quiet tenant waited beside a loud one. */
export interface FairnessRow {
  path: string;
  /** Tasks of the loud tenant for each of the quiet one. */
  noise: string;
  tasks: number;
  /** Of either tenant. */
  lost: number;
  quietP95Millis: number;
  noisyP95Millis: number;
}

const document = resolve(import.meta.dirname, '../../../docs/chaos.md');

/** The tables as Markdown; goes to the console, and to docs/chaos.md where `CHAOS_WRITE` is set. */
export function report(rows: ScenarioRow[], fairness: FairnessRow[], elapsed: number): void {
  const text = `${scenarioTable(rows)}\n\n${fairnessTable(fairness)}\n`;
  process.stdout.write(`\n${text}\n`);
  if (process.env.CHAOS_WRITE) writeFileSync(document, page(text, elapsed));
}

function scenarioTable(rows: ScenarioRow[]): string {
  return table(
    [
      'what happens',
      'how often',
      'tasks in',
      'completed once',
      'dead',
      'lost',
      'executed more than once',
      'double completes accepted',
      'recovery p50 / p99',
      'after lease end p99',
      'a claim p99 meanwhile',
    ],
    rows.map((row) => [
      row.scenario,
      row.disturbance,
      row.tasksIn,
      row.completedOnce,
      row.dead,
      row.lost.length,
      `${row.extraExecutions} (≤ ${row.extraExecutionsAllowed})`,
      row.doubleCompletes.length,
      ...recoveryCells(row),
    ]),
  );
}

function recoveryCells({ recoveries, claimP99Millis }: ScenarioRow): string[] {
  if (recoveries.length === 0) return ['–', '–', '–'];
  const sinceLoss = recoveries.map((recovery) => recovery.sinceLoss);
  const sinceLeaseEnd = recoveries.map((recovery) => recovery.sinceLeaseEnd);
  return [
    `${seconds(percentile(sinceLoss, 0.5))} / ${seconds(percentile(sinceLoss, 0.99))}`,
    seconds(percentile(sinceLeaseEnd, 0.99)),
    seconds(claimP99Millis ?? Number.NaN),
  ];
}

function fairnessTable(rows: FairnessRow[]): string {
  return table(
    ['quiet tenant', 'noise', 'tasks', 'p95 wait alone', 'p95 wait beside the noise', 'ratio'],
    rows.map((row) => [
      row.path,
      row.noise,
      row.tasks,
      `${Math.round(row.quietP95Millis)} ms`,
      `${Math.round(row.noisyP95Millis)} ms`,
      (row.noisyP95Millis / row.quietP95Millis).toFixed(2),
    ]),
  );
}

function seconds(millis: number): string {
  return `${(millis / 1_000).toFixed(2)} s`;
}

function table(head: string[], rows: (string | number)[][]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return lines.join('\n');
}

function page(tables: string, elapsed: number): string {
  const { length: processors } = cpus();
  const [model = ''] = cpus().map((cpu) => cpu.model);
  const day = new Date().toISOString().slice(0, 10);
  return `${head}\n${tables}\nMeasured on ${day}, Node ${process.versions.node}, ${processors} processors (${model}), in ${Math.round(elapsed)} s.\n`;
}

const head = `# Chaos
\`npm run test:chaos\` starts a stack of its own, kills parts of it and of its workers while they are at work, and accounts for every task. \`CHAOS_WRITE=1 npm run test:chaos\` writes this page; CI runs it without.

Every number is asserted. What it means:

- **tasks in**: acknowledged by the API. A task counts as **lost** when it has not ended, or is not there, after everything else has; there must be none. **Dead** is the end that poison tasks must come to.
- **executed more than once**: work that somebody began on a task that somebody else had begun before, at most as often as the disturbance allows: at-least-once execution cannot do without. A worker that is killed has begun one task; a sandbox of the runner works on ten at once; an answer that was lost is repeated under its \`claimId\`, or its leases end unheard of, and nothing is executed twice.
- **double completes accepted**: tasks whose completion two different leases got acknowledged, or whose stored result is not that of the acknowledged one.
- **recovery**: from the kill to the next lease of each task that the victim held; then the part of it after the end of the lease, which must be at most a second, besides what two claims take on this machine at that time (for tasks of the runner three seconds: its messages sleep in whole seconds).
- **counters** (the-counters-survive.test.ts, without a line in the table): while records and tasks are written, sandboxes of the changes function and the database are killed under a recount. Afterwards the dashboard equals a recount from the lists, and neither that recount nor a second one finds anything to correct.
- **quiet tenant**: nine tenths of the load are another tenant's. The 95th percentile of its wait may at most double (waits below 200 ms are not told apart). Tasks of workers share nothing but the machine; tasks of the runner share one queue and its sandboxes, and what is waited for is the result of a call that takes a second.

How it is done is in [test/chaos](../test/chaos) and [decision 49](decisions/0049-chaos.md).
`;
