import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLambdaService } from '../../local/lambda/lambda-service.ts';
import type { PoolLimits } from '../../local/lambda/sandbox-pool.ts';
import type { AwsClient, MetricDatum, RuntimeContext } from '../../local/types.ts';

/** A runtime context around a temporary directory, with everything that services report kept for the test. */
export async function testContext(call: AwsClient['call'] = async () => ({})) {
  const dataDir = await mkdtemp(join(tmpdir(), 'tandem-unit-'));
  const metrics: MetricDatum[] = [];
  const logged: string[] = [];
  const origins = new Map<string, ReturnType<RuntimeContext['origins']['find']>>();
  const context: RuntimeContext = {
    settings: {
      region: 'eu-central-1',
      accountId: '123456789012',
      dataDir,
      port: 0,
      origin: 'http://localhost:0',
      assemblyDir: dataDir,
    },
    metrics: { put: (datum) => metrics.push(datum) },
    aws: { call },
    assets: { path: (key) => join(dataDir, key.replace(/\.zip$/, '')) },
    credentials: {
      environment: () => ({ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'local' }),
      principalOf: () => undefined,
    },
    origins: { register: (host, origin) => origins.set(host, origin), find: (host) => origins.get(host) },
    log: (line) => logged.push(line),
  };
  return { context, dataDir, metrics, logged };
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
  const test = await testContext(call);
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
