import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { functionFolders } from '../tools/bundle.ts';
import { latencyOf } from './statistics.ts';
import { printTable } from './table.ts';

const runs = 9;

/** Imports each bundle in fresh processes, beside a handler that does nothing: what a cold start adds. */
export function benchColdImports(bundleDir: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  const empty = join(directory, 'empty.mjs');
  writeFileSync(empty, 'export const handler = async () => ({});\n');
  const files = [
    ['(empty handler)', empty],
    ...Object.keys(functionFolders).map((name) => [name, join(bundleDir, name, 'index.mjs')]),
  ] as [string, string][];
  // Round robin, so that a noisy moment of the machine hits all alike.
  const times = new Map<string, number[]>();
  for (let run = 0; run < runs; run += 1) {
    for (const [name, file] of files) times.set(name, [...(times.get(name) ?? []), importMillis(file)]);
  }
  const base = latencyOf(times.get('(empty handler)') ?? []).p50;
  printTable(
    `Cold import of the bundles (median of ${runs} fresh processes, ms)`,
    ['function', 'KB', 'import', '× empty'],
    files.map(([name, file]) => {
      const { p50 } = latencyOf(times.get(name) ?? []);
      return [name, Math.round(statSync(file).size / 1024), p50, p50 / base];
    }),
  );
  rmSync(directory, { recursive: true });
}

function importMillis(file: string): number {
  const script = `const t=performance.now();await import(${JSON.stringify(file)});console.log(performance.now()-t)`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, AWS_REGION: 'us-east-1', NODE_OPTIONS: '' },
    encoding: 'utf8',
  });
  return Number(stdout);
}
