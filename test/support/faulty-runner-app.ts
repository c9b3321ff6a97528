import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { routeTable } from '../../functions/route-table.ts';
import { resolvers } from '../../graphql/resolvers.ts';
import { stageOf } from '../../lib/stage.ts';
import { TandemStack } from '../../lib/tandem-stack.ts';
import { bundleFunctions } from '../../tools/bundle.ts';
import { writePlatformAssets } from '../../tools/platform-assets.ts';

/**
 * The CDK app with a runner that fails when the test says so, by files in the directory `FAULTS`: `broken` makes
 * every invocation throw, `dying` ends the sandbox in the middle of the next one, 300 ms after its begin.
 */
const faults = process.env.FAULTS ?? '';
const wrapper = `
import { existsSync, unlinkSync } from 'node:fs';
import { handler as real } from './real.mjs';
export const handler = async (event, context) => {
  if (existsSync(${JSON.stringify(join(faults, 'broken'))})) throw new Error('broken');
  try {
    unlinkSync(${JSON.stringify(join(faults, 'dying'))});
    setTimeout(() => process.exit(1), 300);
  } catch {}
  return real(event, context);
};
`;

const bundles = resolve(dirname(process.env.CDK_OUTDIR ?? ''), 'faulty-runner');
bundleFunctions(bundles);
writePlatformAssets(resolve(bundles, 'platform'), routeTable);
mkdirSync(join(bundles, 'runner'), { recursive: true });
renameSync(join(bundles, 'runner', 'index.mjs'), join(bundles, 'runner', 'real.mjs'));
writeFileSync(join(bundles, 'runner', 'index.mjs'), wrapper);

const app = new App({ analyticsReporting: false, treeMetadata: false });
new TandemStack(app, 'tandem-dev', {
  stage: stageOf('dev'),
  routes: routeTable,
  resolvers,
  bundles,
  graphqlSources: resolve(import.meta.dirname, '../../graphql'),
});
app.synth();
