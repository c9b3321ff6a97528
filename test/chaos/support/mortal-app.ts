import { renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { routeTable } from '../../../functions/route-table.ts';
import { resolvers } from '../../../graphql/resolvers.ts';
import { stageOf } from '../../../lib/stage.ts';
import { TandemStack } from '../../../lib/tandem-stack.ts';
import { bundleFunctions } from '../../../tools/bundle.ts';
import { writePlatformAssets } from '../../../tools/platform-assets.ts';
import { mortalFunctions, mortalModule } from './faults.ts';

/** The CDK app as it is, but for functions whose sandboxes can be made to die (faults.ts). */
const directory = process.env.CHAOS_FAULTS ?? '';
const bundles = resolve(dirname(process.env.CDK_OUTDIR ?? ''), 'mortal-functions');
bundleFunctions(bundles);
writePlatformAssets(resolve(bundles, 'platform'), routeTable);
for (const name of mortalFunctions) {
  renameSync(join(bundles, name, 'index.mjs'), join(bundles, name, 'living.mjs'));
  writeFileSync(join(bundles, name, 'index.mjs'), mortalModule(directory, name));
}

const app = new App({ analyticsReporting: false, treeMetadata: false });
new TandemStack(app, 'tandem-dev', {
  stage: stageOf('dev'),
  routes: routeTable,
  resolvers,
  bundles,
  graphqlSources: resolve(import.meta.dirname, '../../../graphql'),
});
app.synth();
