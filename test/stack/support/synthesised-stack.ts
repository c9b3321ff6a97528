import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App, type IPolicyValidationPlugin, Validations } from 'aws-cdk-lib';
import { routeTable } from '../../../functions/route-table.ts';
import type { Route } from '../../../functions/shared/route.ts';
import { resolvers } from '../../../graphql/resolvers.ts';
import { stageOf } from '../../../lib/stage.ts';
import { TandemStack } from '../../../lib/tandem-stack.ts';
import type { Template } from '../../../lib/template-rules/template.ts';
import { functionFolders } from '../../../tools/bundle.ts';

/** A synthesised stack on disk. */
export interface SynthesisedStack extends Disposable {
  template: Template;
  /** The cloud assembly. */
  directory: string;
  templatePath: string;
  app: App;
  stack: TandemStack;
  routes: readonly Route[];
}

export interface SynthesisOptions {
  stage?: string;
  /** May change the stack before it is synthesised; what it gives takes part in the validation. */
  prepare?: (unsynthesised: {
    app: App;
    stack: TandemStack;
    routes: readonly Route[];
  }) => IPolicyValidationPlugin[];
  /** Runs CDK's built-in validation as part of the synthesis; it takes seconds, so only when it is the point. */
  validate?: boolean;
}

const root = resolve(import.meta.dirname, '../../..');

/**
 * The real stack with the real routes, schema and resolvers. Its bundles are one-line handlers: the template
 * does not depend on what is in them, and building the real ones is what `npm run synth` does.
 */
export function synthesised({ stage = 'dev', prepare, validate }: SynthesisOptions = {}): SynthesisedStack {
  const scratch = mkdtempSync(join(tmpdir(), 'tandem-stack-'));
  const bundles = join(scratch, 'bundles');
  for (const name of Object.keys(functionFolders)) {
    mkdirSync(join(bundles, name), { recursive: true });
    writeFileSync(join(bundles, name, 'index.mjs'), `const a=async()=>"${name}";export{a as handler};\n`);
  }
  const directory = join(scratch, 'assembly');
  const settings = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  const app = new App({
    outdir: directory,
    context: settings.context,
    analyticsReporting: false,
    treeMetadata: false,
  });
  const stack = new TandemStack(app, `tandem-${stage}`, {
    stage: stageOf(stage),
    routes: routeTable,
    resolvers,
    bundles,
    graphqlSources: join(root, 'graphql'),
  });
  const plugins = prepare?.({ app, stack, routes: routeTable }) ?? [];
  if (plugins.length > 0) Validations.of(app).addPlugins(...plugins);
  if (validate) app.synth();
  else withoutBuiltInValidation(() => app.synth());
  const templatePath = join(directory, `tandem-${stage}.template.json`);
  return {
    template: JSON.parse(readFileSync(templatePath, 'utf8')) as Template,
    directory,
    templatePath,
    app,
    stack,
    routes: routeTable,
    [Symbol.dispose]: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

function withoutBuiltInValidation(synthesise: () => void): void {
  const before = process.env.CDK_VALIDATION;
  process.env.CDK_VALIDATION = 'false';
  try {
    synthesise();
  } finally {
    if (before === undefined) delete process.env.CDK_VALIDATION;
    else process.env.CDK_VALIDATION = before;
  }
}

/** All resources of a type with their properties. */
export function resources(template: Template, type: string): { id: string; properties: Properties }[] {
  return Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([id, { Properties = {} }]) => ({ id, properties: Properties }));
}

// biome-ignore lint/suspicious/noExplicitAny: a template is as deep as CloudFormation likes
type Properties = Record<string, any>;

/** The one resource of a type whose logical id matches. */
export function resource(template: Template, type: string, id = /./): Properties {
  const [found, ...others] = resources(template, type).filter((candidate) => id.test(candidate.id));
  if (!found || others.length > 0)
    throw new Error(`${others.length + (found ? 1 : 0)} resources ${type} like ${id}`);
  return found.properties;
}
