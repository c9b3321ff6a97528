import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { routeTable } from '../functions/route-table.ts';
import { resolvers } from '../graphql/resolvers.ts';
import { nagPlugins } from '../lib/nag.ts';
import { stageOf } from '../lib/stage.ts';
import { TandemStack } from '../lib/tandem-stack.ts';
import { TandemRules } from '../lib/template-rules.ts';
import { bundleFunctions } from '../tools/bundle.ts';
import { writePlatformAssets } from '../tools/platform-assets.ts';

const root = resolve(import.meta.dirname, '..');

/** The context of cdk.json and `-c key=value`: the CDK CLI hands both over, a plain `node bin/tandem.ts` does not. */
function context(): Record<string, unknown> {
  const settings = JSON.parse(readFileSync(resolve(root, 'cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  const given = process.argv.flatMap((argument, index, all) => {
    const [, key, value] = (all[index - 1] === '-c' && /^([^=]+)=(.*)$/.exec(argument)) || [];
    return key ? [[key, value] as const] : [];
  });
  return { ...settings.context, ...Object.fromEntries(given) };
}

// Beside the assembly: two runs at once must not write the same bundles.
const bundles = resolve(root, process.env.CDK_OUTDIR ?? '.build', '.bundles');
bundleFunctions(bundles);
writePlatformAssets(resolve(bundles, 'platform'), routeTable);

const app = new App({ context: context(), analyticsReporting: false, treeMetadata: false });
const stage = stageOf(app.node.tryGetContext('stage') ?? 'dev');
const stack = new TandemStack(app, `tandem-${stage.name}`, {
  stage,
  routes: routeTable,
  resolvers,
  bundles,
  graphqlSources: resolve(root, 'graphql'),
});

Validations.of(app).addPlugins(new TandemRules(routeTable));
// `-c checks=fast` is for a start that cannot wait three seconds for what `npm run synth` has checked:
// it leaves out cdk-nag and CDK's built-in validation, never our own rules.
if (app.node.tryGetContext('checks') === 'fast') process.env.CDK_VALIDATION = 'false';
else Validations.of(app).addPlugins(...nagPlugins(app, stack));
app.synth();
