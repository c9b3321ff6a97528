import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fingerprintSources } from './source-fingerprint.ts';
import { StartError } from './start-error.ts';
import { explainSynthesisFailure } from './synthesis-failure.ts';

export interface SynthesisOptions {
  /** Where cdk.json lies. */
  root: string;
  /** Where the assembly goes. */
  assemblyDir: string;
  /** Another app than cdk.json's; its sources are unknown, so it is always run. */
  app?: string;
}

/**
 * Runs the CDK app in a child process, whose memory goes back when it is done, unless the assembly of the last run
 * was made from the same sources.
 * @throws {StartError} with the gate that stopped the app and its message
 */
export async function synthesize({ root, assemblyDir, app }: SynthesisOptions): Promise<void> {
  const stamp = join(assemblyDir, '.sources');
  const fingerprint = app === undefined ? fingerprintSources(root) : undefined;
  if (fingerprint !== undefined && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return;

  rmSync(assemblyDir, { recursive: true, force: true });
  const settings = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as {
    app: string;
    context?: object;
  };
  // cdk-nag and CDK's own rules take three seconds, and `npm run check` has applied them; the runtime has its own.
  const command = app ?? `${settings.app} -c checks=fast`;
  const child = spawn(command, {
    cwd: root,
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CDK_OUTDIR: assemblyDir,
      CDK_CONTEXT_JSON: JSON.stringify(settings.context ?? {}),
      // `node` in the command is the Node that runs us.
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new StartError(explainSynthesisFailure(command, output));
  if (!existsSync(join(assemblyDir, 'manifest.json'))) {
    throw new StartError(`Synthesis ("${command}") wrote no assembly.`);
  }
  if (fingerprint !== undefined) writeFileSync(stamp, fingerprint);
}
