import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asText, at, type Finding, resourcesOf, type TemplateUnderTest } from './template.ts';

/** The runtime that the bundles are built for; an older one is retired or lacks what they use. */
const bundledFor = 'nodejs24.x';

export function functionRuntime({ template }: TemplateUnderTest): Finding[] {
  return resourcesOf(template, 'AWS::Lambda::Function')
    .filter(({ properties }) => properties.Runtime !== bundledFor)
    .map(({ id, properties }) => ({
      rule: 'function-runtime',
      resource: id,
      message: `the runtime is ${asText(properties.Runtime) || 'missing'}, the bundles are built for ${bundledFor}`,
      location: 'Properties/Runtime',
    }));
}

/** `<file>.<export>` must be in the asset: Lambda finds out only when it is invoked. */
export function functionHandler({ template, directory }: TemplateUnderTest): Finding[] {
  return resourcesOf(template, 'AWS::Lambda::Function').flatMap(({ id, properties }) => {
    const problem = handlerProblem(directory, asText(properties.Handler), at(properties, 'Code', 'S3Key'));
    return problem
      ? [{ rule: 'function-handler', resource: id, message: problem, location: 'Properties/Handler' }]
      : [];
  });
}

function handlerProblem(directory: string, handler: string, key: unknown): string | undefined {
  const [, file, name] = /^(.+)\.([^.]+)$/.exec(handler) ?? [];
  if (!file || !name) return `the handler "${handler}" is not <file>.<export>`;
  const asset = join(directory, `asset.${asText(key).replace(/\.zip$/, '')}`);
  const source = ['.mjs', '.js'].map((extension) => join(asset, file + extension)).find(existsSync);
  if (!source) return `the handler "${handler}" names a file that is not in the asset`;
  if (!exportsOf(readFileSync(source, 'utf8')).has(name)) {
    return `the handler "${handler}" names an export that ${file} does not have`;
  }
  return undefined;
}

/** The names that an ES module as esbuild writes it exports: `export{a as b,c}` or `export const d`. */
function exportsOf(code: string): Set<string> {
  const lists = code.matchAll(/\bexport\s*\{([^}]*)\}/g);
  const listed = [...lists].flatMap(([, list = '']) =>
    list.split(',').map((entry) => (entry.split(/\bas\b/).at(-1) ?? '').trim()),
  );
  const declared = code.matchAll(/\bexport\s+(?:async\s+)?(?:const|let|var|function\*?|class)\s+([\w$]+)/g);
  return new Set([...listed, ...[...declared].map(([, name = '']) => name)]);
}
