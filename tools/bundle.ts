import { rmSync } from 'node:fs';
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
 * One esbuild call for all: CDK's own bundling starts a process for each function.
 * @returns esbuild's result; its metafile says what each bundle is made of
 */
export function bundleFunctions(outDir: string): BuildResult<{ metafile: true }> {
  rmSync(outDir, { recursive: true, force: true });
  return buildSync({
    absWorkingDir: root,
    entryPoints: Object.entries(functionFolders).map(([name, folder]) => ({
      in: join(root, 'functions', folder, 'handler.ts'),
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
  });
}
