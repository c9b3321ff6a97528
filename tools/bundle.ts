import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BuildResult, buildSync } from 'esbuild';

/** Function name → its folder under `functions/`. */
export const functionFolders = {
  crm: 'rest-crm',
  tasks: 'rest-tasks',
  platform: 'rest-platform',
  graphql: 'graphql',
  authorizer: 'authorizer',
  changes: 'changes',
  runner: 'runner',
  webhooks: 'webhooks',
  clock: 'clock',
} as const;

const root = resolve(import.meta.dirname, '..');

/**
 * Bundles every function into `<outDir>/<name>/index.mjs`, the asset that is deployed and run locally.
 * @returns esbuild's result; its metafile says what each bundle is made of
 */
export function bundleFunctions(outDir: string): BuildResult<{ metafile: true }> {
  const names = Object.keys(functionFolders) as FunctionName[];
  try {
    return build(outDir, names);
  } catch {
    const outputs = {};
    for (const name of names) {
      try {
        Object.assign(outputs, build(outDir, [name]).metafile.outputs);
      } catch (error) {
        console.error(`${name}: ${error instanceof Error ? error.message : error}`);
        mkdirSync(join(outDir, name), { recursive: true });
        writeFileSync(
          join(outDir, name, 'index.mjs'),
          `export const handler = async () => { throw new Error('${name} does not build'); };`,
        );
      }
    }
    return { metafile: { inputs: {}, outputs } } as unknown as BuildResult<{ metafile: true }>;
  }
}

type FunctionName = keyof typeof functionFolders;

function build(outDir: string, names: FunctionName[]): BuildResult<{ metafile: true }> {
  return buildSync({
    absWorkingDir: root,
    entryPoints: names.map((name) => ({
      in: join(root, 'functions', functionFolders[name], 'handler.ts'),
      out: join(name, 'index'),
    })),
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    metafile: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
}
