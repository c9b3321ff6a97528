import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { createLambdaService } from '../../local/lambda/lambda-service.ts';
import type { PoolLimits } from '../../local/lambda/sandbox-pool.ts';
import type { AwsClient } from '../../local/types.ts';
import { runtimeContext } from './local-runtime-context.ts';

const directories: string[] = [];
afterAll(async () => {
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

/** A runtime context around a temporary directory, whose assets are the bundles in it. */
export async function temporaryContext(call: AwsClient['call'] = async () => ({})) {
  const dataDir = await mkdtemp(join(tmpdir(), 'tandem-unit-'));
  directories.push(dataDir);
  const context = runtimeContext({
    settings: {
      region: 'eu-central-1',
      accountId: '123456789012',
      dataDir,
      port: 0,
      origin: 'http://localhost:0',
      assemblyDir: dataDir,
    },
    aws: { call },
    assets: { path: (key) => join(dataDir, key.replace(/\.zip$/, '')) },
    credentials: {
      environment: () => ({ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local' }),
      principalOf: () => undefined,
    },
  });
  return { context, dataDir, metrics: context.measured, logged: context.lines };
}

/** Writes a bundle and returns the properties of its function. */
export async function bundle(dataDir: string, name: string, code: string, properties: object = {}) {
  await mkdir(join(dataDir, name), { recursive: true });
  await writeFile(join(dataDir, name, 'index.mjs'), code);
  return {
    logicalId: name,
    type: 'AWS::Lambda::Function',
    properties: {
      FunctionName: name,
      Handler: 'index.handler',
      Runtime: `nodejs${process.versions.node.split('.')[0]}.x`,
      Role: 'arn:aws:iam::123456789012:role/test',
      Code: { S3Bucket: 'assets', S3Key: `${name}.zip` },
      MemorySize: 128,
      Timeout: 5,
      ...properties,
    },
  };
}

/** A Lambda service with one function for each of the given sources. */
export async function lambdaWith(
  functions: Record<string, { code: string; properties?: object }>,
  limits: Partial<PoolLimits> = {},
  call?: AwsClient['call'],
) {
  const test = await temporaryContext(call);
  const metricLines: string[] = [];
  const lambda = createLambdaService(test.context, {
    onMetricLine: (line) => metricLines.push(line),
    limits,
  });
  for (const [name, { code, properties }] of Object.entries(functions)) {
    const resource = await bundle(test.dataDir, name, code, properties);
    await lambda.providers['AWS::Lambda::Function']?.create(resource);
  }
  return { ...test, lambda, metricLines };
}
