import { randomUUID } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { runApp } from './run-app.ts';
import { fingerprintSources } from './source-fingerprint.ts';

export interface SynthesisOptions {
  /** Where cdk.json lies. */
  root: string;
  /** Where the assembly goes. */
  assemblyDir: string;
  /** Another app than cdk.json's; its sources are unknown, so it is always run. */
  app?: string;
}

/** Assemblies of other sources that are kept, for switching between branches. */
const keptAssemblies = 3;

/**
 * Makes the cloud assembly: template and assets. The app runs once per state of the sources; its assembly is kept
 * under `.build` and copied into each data directory, so that a later synthesis takes nothing away from a stack that
 * runs.
 * @throws {StartError} with the gate that stopped the app and its message
 */
export async function synthesize({ root, assemblyDir, app }: SynthesisOptions): Promise<void> {
  if (app !== undefined) return runApp(root, assemblyDir, app);
  const fingerprint = fingerprintSources(root);
  const stamp = join(assemblyDir, '.sources');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return;

  const kept = join(root, '.build', 'assemblies', fingerprint.slice(0, 16));
  if (!existsSync(kept)) await makeAssembly(root, kept);
  rmSync(assemblyDir, { recursive: true, force: true });
  cpSync(kept, assemblyDir, { recursive: true });
  writeFileSync(stamp, fingerprint);
}

/** By rename, so that another start at the same time sees all of it or none. */
async function makeAssembly(root: string, kept: string): Promise<void> {
  const own = `${kept}.${randomUUID()}`;
  mkdirSync(dirname(kept), { recursive: true });
  try {
    await runApp(root, own);
    // What the bundler wrote; the assets are copies of it.
    rmSync(join(own, '.bundles'), { recursive: true, force: true });
    if (!existsSync(kept)) renameSync(own, kept);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
  removeOld(dirname(kept));
}

function removeOld(directory: string): void {
  const paths = readdirSync(directory).map((name) => join(directory, name));
  const age = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const oldestFirst = paths.sort((a, b) => age(a) - age(b));
  for (const path of oldestFirst.slice(0, -keptAssemblies)) rmSync(path, { recursive: true, force: true });
}
