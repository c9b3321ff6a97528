import { afterEach, describe, expect, test } from '@jest/globals';
import { arnLike } from '../../local/lambda/resource-policy.ts';
import { lambdaWith } from '../support/local-functions.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  delete process.env.TANDEM_LOCAL_RETRY_SECONDS;
  for (const stop of stops.splice(0)) await stop();
});

async function start(...args: Parameters<typeof lambdaWith>) {
  const started = await lambdaWith(...args);
  stops.push(() => started.lambda.stop?.() ?? Promise.resolve());
  return started;
}

const until = async (condition: () => boolean) => {
  for (let i = 0; i < 200 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 25));
};

describe('the resource policy', () => {
  const route = (path: string) => `arn:aws:execute-api:eu-central-1:123456789012:api1/${path}`;

  test('a service gets in only where a permission of the template names it', async () => {
    const { lambda, logged } = await start({ subject: { code: 'export const handler = async () => 1;' } });
    const source = { service: 'apigateway.amazonaws.com', arn: route('$default/GET/api/v1/contacts') };

    await expect(lambda.invoke('subject', {}, { source })).rejects.toMatchObject({ status: 403 });
    expect(logged.join()).toContain('apigateway.amazonaws.com may not invoke subject');

    await lambda.providers['AWS::Lambda::Permission']?.create({
      logicalId: 'P',
      type: 'AWS::Lambda::Permission',
      properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: 'arn:aws:lambda:eu-central-1:123456789012:function:subject',
        Principal: 'apigateway.amazonaws.com',
        SourceArn: route('*/*'),
      },
    });

    expect((await lambda.invoke('subject', {}, { source })).payload).toBe(1);
    expect(lambda.permits('subject', { ...source, service: 'appsync.amazonaws.com' })).toBe(false);
    expect(lambda.permits('subject', { ...source, arn: source.arn.replace('api1', 'api2') })).toBe(false);
  });

  test.each([
    [route('*/*'), route('$default/GET/a/b'), true],
    [route('*/GET/a'), route('$default/GET/a'), true],
    [route('*/GET/a'), route('$default/POST/a'), false],
    [route('authorizers/x'), route('authorizers/xy'), false],
    ['arn:aws:execute-api:*:123456789012:api1/*', route('q'), true],
    ['arn:aws:execute-api:eu-central-1:*', route('q'), false],
  ])('ArnLike %s against %s is %s', (pattern, arn, expected) => {
    expect(arnLike(pattern, arn)).toBe(expected);
  });
});

describe('an asynchronous invocation', () => {
  const failing = `let n = 0; export const handler = async (event) => {
    n += 1; console.log('try', n); if (n <= event.failures) throw new Error('try ' + n); };`;

  test('returns at once and is retried twice', async () => {
    process.env.TANDEM_LOCAL_RETRY_SECONDS = '0.05';
    const { lambda, metrics } = await start({ subject: { code: failing } });

    await lambda.invokeAsync('subject', { failures: 2 });

    const errors = () => metrics.filter(({ name }) => name === 'Errors').map(({ value }) => value);
    await until(() => errors().length === 3);
    expect(errors()).toEqual([1, 1, 0]);
  });

  test('that keeps failing goes to the failure destination and the dead-letter queue', async () => {
    process.env.TANDEM_LOCAL_RETRY_SECONDS = '0.05';
    const sent: Record<string, unknown>[] = [];
    const queue = (name: string) => `arn:aws:sqs:eu-central-1:123456789012:${name}`;
    const { lambda } = await start(
      { subject: { code: failing, properties: { DeadLetterConfig: { TargetArn: queue('dead') } } } },
      {},
      async (_service, operation, input) => {
        if (operation === 'GetQueueUrl')
          return { QueueUrl: `http://sqs/${(input as { QueueName: string }).QueueName}` };
        sent.push(input as Record<string, unknown>);
        return {};
      },
    );
    await lambda.providers['AWS::Lambda::EventInvokeConfig']?.create({
      logicalId: 'C',
      type: 'AWS::Lambda::EventInvokeConfig',
      properties: {
        FunctionName: 'subject',
        Qualifier: '$LATEST',
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: queue('failed') } },
      },
    });

    await lambda.invokeAsync('subject', { failures: 9 });

    await until(() => sent.length === 2);
    expect(sent[0]?.QueueUrl).toBe('http://sqs/failed');
    expect(JSON.parse(String(sent[0]?.MessageBody))).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 2 },
      requestPayload: { failures: 9 },
      responsePayload: { errorType: 'Error', errorMessage: 'try 2' },
    });
    expect(sent[1]).toMatchObject({
      QueueUrl: 'http://sqs/dead',
      MessageBody: '{"failures":9}',
      MessageAttributes: { ErrorMessage: { DataType: 'String', StringValue: 'try 2' } },
    });
  });

  test.each(['-1', 'soon', '', '50000'])('TANDEM_LOCAL_RETRY_SECONDS=%s is refused', async (value) => {
    process.env.TANDEM_LOCAL_RETRY_SECONDS = value;
    await expect(start({})).rejects.toThrow(`TANDEM_LOCAL_RETRY_SECONDS is "${value}"`);
  });
});
