import { writeFileSync } from 'node:fs';
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
  return `# Chaos\n\n${tables}\n\n${elapsed}`;
}
