import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error.ts';
import type { AssetLocator, Template } from './types.ts';

/** The one stack of a cloud assembly, as `cdk synth` writes it. */
export interface Assembly {
  stackName: string;
  template: Template;
  assets: AssetLocator;
}

interface Manifest {
  artifacts?: Record<
    string,
    {
      type: string;
      properties?: { templateFile?: string; stackName?: string; file?: string };
      displayName?: string;
    }
  >;
}

interface AssetManifest {
  files?: Record<string, { source: { path?: string }; destinations: Record<string, { objectKey: string }> }>;
}

/** @throws {StartError} when there is not exactly one stack */
export function readAssembly(directory: string): Assembly {
  const artifacts = Object.entries(readJson<Manifest>(join(directory, 'manifest.json')).artifacts ?? {});
  const stacks = artifacts.filter(([, { type }]) => type === 'aws:cloudformation:stack');
  const [stack] = stacks;
  if (stack === undefined || stacks.length > 1) {
    throw new StartError(`The local runtime runs one stack; the app synthesises ${stacks.length}.`);
  }
  const [id, { properties }] = stack;
  return {
    stackName: properties?.stackName ?? id,
    template: readJson<Template>(join(directory, properties?.templateFile ?? `${id}.template.json`)),
    assets: locateAssets(
      directory,
      artifacts
        .filter(([, { type }]) => type === 'cdk:asset-manifest')
        .map(([, artifact]) => readJson<AssetManifest>(join(directory, artifact.properties?.file ?? ''))),
    ),
  };
}

function locateAssets(directory: string, manifests: AssetManifest[]): AssetLocator {
  const paths = new Map<string, string>();
  for (const { files = {} } of manifests) {
    for (const { source, destinations } of Object.values(files)) {
      for (const { objectKey } of Object.values(destinations)) {
        if (source.path !== undefined) paths.set(objectKey, join(directory, source.path));
      }
    }
  }
  return {
    path(s3Key) {
      const path = paths.get(s3Key);
      if (path === undefined) throw new StartError(`The assembly has no asset "${s3Key}".`);
      return path;
    },
  };
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
