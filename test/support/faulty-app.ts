import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { routeTable } from '../../functions/route-table.ts';
import { resolvers } from '../../graphql/resolvers.ts';
import { stageOf } from '../../lib/stage.ts';
import { TandemStack } from '../../lib/tandem-stack.ts';
import { bundleFunctions } from '../../tools/bundle.ts';
import { writePlatformAssets } from '../../tools/platform-assets.ts';

/**
 * The CDK app with two functions that go wrong: `crm` does what the header `x-fault` says, `runner` fails each
 * message. Tests start the local runtime with `--app` to see what becomes of it.
 */
const crm = `
import { isMainThread } from 'node:worker_threads';
let calls = 0;
export const handler = async ({ headers }) => {
  calls += 1;
  switch (headers['x-fault']) {
    case 'throw': throw new Error('secret detail');
    case 'hang': return new Promise(() => setInterval(() => {}, 1000));
    case 'spin': for (;;) {}
    case 'exit': process.exit(1);
    case 'reject': Promise.reject(new Error('secret detail')); return new Promise((done) => setTimeout(done, 500));
    case 'memory': { const kept = []; for (;;) kept.push(new Array(1e6).fill(kept.length + 0.5)); }
    case 'circular': { const ring = {}; ring.ring = ring; return ring; }
    default: return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ calls }) };
  }
};
`;
const runner = `export const handler = async () => { throw new Error('poison'); };\n`;

const bundles = resolve(dirname(process.env.CDK_OUTDIR ?? ''), 'faulty-functions');
bundleFunctions(bundles);
writePlatformAssets(resolve(bundles, 'platform'), routeTable);
for (const [name, code] of Object.entries({ crm, runner })) {
  mkdirSync(join(bundles, name), { recursive: true });
  writeFileSync(join(bundles, name, 'index.mjs'), code);
}

const app = new App({ analyticsReporting: false, treeMetadata: false });
const stack = new TandemStack(app, 'tandem-dev', {
  stage: stageOf('dev'),
  routes: routeTable,
  resolvers,
  bundles,
  graphqlSources: resolve(import.meta.dirname, '../../graphql'),
});
for (const construct of stack.node.findAll()) {
  const resource = construct as Partial<CfnFunction>;
  if (resource.cfnResourceType === 'AWS::Lambda::Function' && resource.functionName?.endsWith('-crm')) {
    resource.timeout = 3;
    resource.memorySize = 128;
  }
}
app.synth();
