import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { lambdaWith } from '../support/local-functions.ts';

type Running = Awaited<ReturnType<typeof lambdaWith>>;
const running: Running[] = [];
afterEach(async () => {
  for (const { lambda } of running.splice(0)) await lambda.stop?.();
});

async function start(...args: Parameters<typeof lambdaWith>): Promise<Running> {
  const started = await lambdaWith(...args);
  running.push(started);
  return started;
}

const slow = `export const handler = async (ms) => { await new Promise((r) => setTimeout(r, ms)); return 'done'; };`;

describe('a sandbox', () => {
  test('has the environment of the template and of Lambda, and nothing of the operator', async () => {
    process.env.TANDEM_OPERATOR_SECRET = 'not for functions';
    const { lambda } = await start({
      subject: {
        code: 'export const handler = async () => process.env;',
        properties: {
          MemorySize: 256,
          Environment: { Variables: { STAGE: 'dev', LIMIT: 5 } },
          LoggingConfig: { LogFormat: 'JSON' },
        },
      },
    });

    const environment = (await lambda.invoke('subject', {})).payload;

    expect(environment).toMatchObject({
      STAGE: 'dev',
      LIMIT: '5',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_LAMBDA_FUNCTION_NAME: 'subject',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      _HANDLER: 'index.handler',
    });
    expect(environment).not.toHaveProperty('TANDEM_OPERATOR_SECRET');
  });

  test('gives the handler a Lambda context, a trace and the event as plain JSON', async () => {
    const { lambda } = await start({
      subject: {
        code: `export const handler = async (event, context) => ({
          event, context, left: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID });`,
      },
    });
    const traceHeader = 'Root=1-67890abc-0123456789abcdef01234567';

    const answer = await lambda.invoke('subject', { at: new Date(0), gone: undefined }, { traceHeader });
    const seen = answer.payload as Record<string, never>;

    expect(seen.event).toEqual({ at: '1970-01-01T00:00:00.000Z' });
    expect(seen.context).toMatchObject({
      functionName: 'subject',
      functionVersion: '$LATEST',
      invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:subject',
      memoryLimitInMB: '128',
      awsRequestId: answer.requestId,
    });
    expect(seen.left).toBeGreaterThan(4000);
    expect(seen.left).toBeLessThanOrEqual(5000);
    expect(seen.trace).toMatch(/^Root=1-67890abc-0123456789abcdef01234567;Parent=[0-9a-f]{16};Sampled=1$/);
  });

  test('keeps its module state between invocations and shares none with another function', async () => {
    const code = `globalThis.seen = (globalThis.seen ?? 0) + 1; let calls = 0;
      export const handler = async () => [globalThis.seen, ++calls];`;
    const { lambda } = await start({ one: { code }, two: { code } });

    expect((await lambda.invoke('one', {})).payload).toEqual([1, 1]);
    expect((await lambda.invoke('one', {})).payload).toEqual([1, 2]);
    expect((await lambda.invoke('two', {})).payload).toEqual([1, 1]);
  });

  test('answers null for undefined and is found by its ARN', async () => {
    const { lambda } = await start({ subject: { code: 'export const handler = async () => {};' } });

    const arn = 'arn:aws:lambda:eu-central-1:123456789012:function:subject';
    expect((await lambda.invoke(arn, {})).payload).toBeNull();
    await expect(lambda.invoke('nobody', {})).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  });

  test('refuses an event above 6 MB as Lambda does', async () => {
    const { lambda } = await start({ subject: { code: 'export const handler = async () => 1;' } });

    await expect(lambda.invoke('subject', 'é'.repeat(3_200_000))).rejects.toMatchObject({
      code: 'RequestTooLargeException',
      status: 413,
    });
  });
});

describe('the output of a function', () => {
  test('embedded metrics go to CloudWatch, the rest to the log file, even from a handler that hangs', async () => {
    const { lambda, metricLines, dataDir } = await start({
      subject: {
        code: `export const handler = async () => {
          console.log('plain', { text: 1 });
          process.stdout.write('{"_aws":{"Timestamp":1},"n":');
          process.stdout.write('1}\\n');
          console.error('bad');
          for (;;) {}
        };`,
        properties: { Timeout: 1 },
      },
    });

    const { error, requestId } = await lambda.invoke('subject', {});
    await lambda.stop?.();

    expect(error?.kind).toBe('timeout');
    expect(metricLines).toEqual(['{"_aws":{"Timestamp":1},"n":1}']);
    const log = await readFile(join(dataDir, 'logs', 'subject.log'), 'utf8');
    expect(log).toContain('plain { text: 1 }\nbad\n');
    expect(log).toContain(requestId);
    expect(log).toContain('Task timed out');
  });

  test('with JSON logs each console call is a record, and a metric written by it is none', async () => {
    const { lambda, metricLines, dataDir } = await start({
      subject: {
        code: `export const handler = async () => {
          console.debug('dropped');
          console.warn('low on %s', 'stock');
          console.log({ order: 7 });
          console.error(new RangeError('far'));
          console.log('{"_aws":{}}');
        };`,
        properties: { LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO' } },
      },
    });

    const { requestId } = await lambda.invoke('subject', {});
    await lambda.stop?.();

    const log = await readFile(join(dataDir, 'logs', 'subject.log'), 'utf8');
    const records = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records).toMatchObject([
      { level: 'WARN', message: 'low on stock', requestId },
      { level: 'INFO', message: { order: 7 } },
      { level: 'ERROR', errorType: 'RangeError', errorMessage: 'far' },
      { level: 'INFO', message: '{"_aws":{}}' },
    ]);
    expect(metricLines).toEqual([]);
  });
});

describe('the pool of a function', () => {
  test('one sandbox answers one after the other; parallel invocations get sandboxes of their own', async () => {
    const { lambda, metrics } = await start({ subject: { code: slow } });
    await lambda.invoke('subject', 0);

    const all = await Promise.all([1, 2, 3, 4].map(() => lambda.invoke('subject', 600)));

    expect(all.every(({ payload }) => payload === 'done')).toBe(true);
    expect(metrics.filter(({ name }) => name === 'ConcurrentExecutions').at(-1)?.value).toBe(4);
    expect(metrics.filter(({ name, value }) => name === 'Invocations' && value === 1)).toHaveLength(5);
    expect(metrics.find(({ name, value }) => name === 'Duration' && value > 500)?.dimensions).toEqual({
      FunctionName: 'subject',
    });
  });

  test('short invocations share one sandbox instead of starting others', async () => {
    const code = `const id = Math.random(); export const handler = async () => id;`;
    const { lambda } = await start({ subject: { code } }, { growAfter: 10_000 });
    await lambda.invoke('subject', {});

    const all = await Promise.all(Array.from({ length: 50 }, () => lambda.invoke('subject', {})));

    expect(new Set(all.map(({ payload }) => payload)).size).toBe(1);
  });

  test('reserved concurrency throttles at once, as in the cloud', async () => {
    const { lambda, metrics } = await start({
      subject: { code: slow, properties: { ReservedConcurrentExecutions: 1 } },
    });
    const first = lambda.invoke('subject', 200);

    await expect(lambda.invoke('subject', 0)).rejects.toMatchObject({
      code: 'TooManyRequestsException',
      status: 429,
    });

    expect((await first).payload).toBe('done');
    expect(metrics.filter(({ name, value }) => name === 'Throttles' && value === 1)).toHaveLength(1);
  });

  test('an invocation that no sandbox takes in time is throttled, and the rest go on', async () => {
    const { lambda } = await start({ subject: { code: slow } }, { maximumSandboxes: 1, queueTimeout: 400 });
    // On a busy machine the sandbox is not there in time for the first ones.
    while (!(await lambda.invoke('subject', 0).catch(() => undefined)));
    const busy = lambda.invoke('subject', 1_500);

    await expect(lambda.invoke('subject', 0)).rejects.toMatchObject({ code: 'TooManyRequestsException' });

    expect((await busy).payload).toBe('done');
    expect((await lambda.invoke('subject', 0)).payload).toBe('done');
  });

  test('idle sandboxes give memory back and go, but for one', async () => {
    const code = `const id = Math.random(); export const handler = async (ms) => {
      await new Promise((r) => setTimeout(r, ms)); return id; };`;
    const { lambda } = await start({ subject: { code } }, { idleTimeout: 1500, compactAfter: 300 });
    const burst = await Promise.all([1, 2, 3].map(() => lambda.invoke('subject', 700)));
    const first = new Set(burst.map(({ payload }) => payload));
    // A pool that finds the machine busy stops at one sandbox for each processor.
    expect(first.size).toBeGreaterThanOrEqual(2);
    await new Promise((resolve) => setTimeout(resolve, 4000));

    const after = await Promise.all([1, 2, 3].map(() => lambda.invoke('subject', 700)));

    // It may answer twice where the machine is slow to start others.
    expect(new Set(after.map(({ payload }) => payload).filter((id) => first.has(id))).size).toBe(1);
  });
});
