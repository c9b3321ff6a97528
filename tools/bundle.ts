import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BuildOptions, buildSync, type Metafile } from 'esbuild';

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
 * Functions whose modules load in parts: what `import()` names lies in files of its own beside `index.mjs`, which a
 * cold start does not read. The runner does many things, each of them seldom; so does the function of the records.
 */
const inParts: readonly string[] = ['runner', 'crm'];

/**
 * Bundles every function into `<outDir>/<name>/index.mjs`, the asset that is deployed and run locally.
 * One esbuild call for nearly all: CDK's own bundling starts a process for each function.
 * @returns what each bundle is made of
 */
export function bundleFunctions(outDir: string): { metafile: Metafile } {
  rmSync(outDir, { recursive: true, force: true });
  const names = Object.keys(functionFolders) as FunctionFolder[];
  const whole = bundle(
    outDir,
    names.filter((name) => !inParts.includes(name)),
  );
  const parts = names
    .filter((name) => inParts.includes(name))
    .map((name) => bundle(outDir, [name], { splitting: true, chunkNames: `${name}/[name]-[hash]` }));
  const all = [whole, ...parts];
  return {
    metafile: {
      inputs: Object.assign({}, ...all.map(({ inputs }) => inputs)),
      outputs: Object.assign({}, ...all.map(({ outputs }) => outputs)),
    },
  };
}

type FunctionFolder = keyof typeof functionFolders;

function bundle(
  outDir: string,
  names: FunctionFolder[],
  further: Pick<BuildOptions, 'splitting' | 'chunkNames'> = {},
): Metafile {
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
    logLevel: 'error',
    ...further,
  }).metafile;
}
