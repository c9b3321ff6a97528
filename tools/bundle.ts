import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
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
  const entryPoints = Object.entries(functionFolders).flatMap(([name, folder]) => {
    const entry = join(root, 'functions', folder, 'handler.ts');
    if (existsSync(entry)) return [{ in: entry, out: join(name, 'index') }];
    mkdirSync(join(outDir, name), { recursive: true });
    writeFileSync(
      join(outDir, name, 'index.mjs'),
      `export const handler = async () => { throw new Error('${name} is not written yet'); };`,
    );
    return [];
  });
  return buildSync({
    absWorkingDir: root,
    entryPoints,
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
    // A package that is CommonJS inside may still call require for Node's own modules.
    banner: { js: "import{createRequire as __r}from'node:module';const require=__r(import.meta.url);" },
    alias: { '@aws-sdk/credential-provider-node': join(root, 'tools', 'no-credential-chain.ts') },
    logLevel: 'warning',
  });
}
