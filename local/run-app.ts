import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { StartError } from './start-error.ts';
import { explainSynthesisFailure } from './synthesis-failure.ts';

/**
 * Runs a CDK app as the CDK CLI does, in a child process, whose memory goes back when it is done.
 * @param command without one, the app of cdk.json
 * @throws {StartError} with the gate that stopped the app and its message
 */
export async function runApp(root: string, assemblyDir: string, command?: string): Promise<void> {
  const settings = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as {
    app: string;
    context?: object;
  };
  // cdk-nag and CDK's own rules take three seconds, and `npm run check` has applied them; the runtime has its own.
  const app = command ?? `${settings.app} -c checks=fast`;
  rmSync(assemblyDir, { recursive: true, force: true });
  const child = spawn(app, {
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
  if (code !== 0) throw new StartError(explainSynthesisFailure(app, output));
  if (!existsSync(join(assemblyDir, 'manifest.json'))) {
    throw new StartError(`Synthesis ("${app}") wrote no assembly.`);
  }
}
