import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { nextRun, readRate } from '../../local/scheduler/schedule-expression.ts';
import { createSchedulerService } from '../../local/scheduler/scheduler-service.ts';
import { AwsError } from '../../local/types.ts';
import { fakeLambda, functionArn } from '../support/local-front.ts';
import { runtimeContext } from '../support/local-runtime-context.ts';

afterEach(() => {
  jest.useRealTimers();
});

const deadArn = 'arn:aws:sqs:us-east-1:123456789012:dead';
const properties = (more: object = {}, target: object = {}) => ({
  Name: 'clock',
  ScheduleExpression: 'rate(1 minute)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: { Arn: functionArn('clock'), RoleArn: 'arn:aws:iam::123456789012:role/r', ...target },
  ...more,
});

function scheduler(given: object, invokeAsync: (payload: unknown) => Promise<void>) {
  const sent: Record<string, unknown>[] = [];
  const context = runtimeContext({
    aws: {
      call: async (_service, operation, input) => {
        if (operation === 'SendMessage') sent.push(input as Record<string, unknown>);
        return { QueueUrl: 'http://dead' };
      },
    },
  });
  const lambda = {
    ...fakeLambda({}),
    invokeAsync: (_name: string, payload: unknown) => invokeAsync(payload),
  };
  const service = createSchedulerService(context, { lambda });
  service.providers['AWS::Scheduler::Schedule']?.create({
    logicalId: 'Clock',
    type: 'AWS::Scheduler::Schedule',
    properties: { ...given },
  });
  return { service, sent };
}

describe('expressions', () => {
  test.each([
    ['rate(1 minute)', 60_000],
    ['rate(5 minutes)', 300_000],
    ['rate(2 hours)', 7_200_000],
    ['rate(1 day)', 86_400_000],
  ])('%s', (expression, period) => {
    expect(readRate(expression)).toBe(period);
  });

  test.each([
    ['cron(0 12 * * ? *)', 'runs rate(…) only'],
    ['rate(0 minutes)', 'is not valid'],
    ['rate(1 fortnight)', 'is not valid'],
    ['every minute', 'is not valid'],
  ])('%s is refused at creation', (ScheduleExpression, message) => {
    expect(() => scheduler(properties({ ScheduleExpression }), async () => {})).toThrow(message);
  });

  test('runs are on full periods', () => {
    const now = Date.parse('2026-03-01T10:00:31.500Z');
    expect(new Date(nextRun(now, 60_000)).toISOString()).toBe('2026-03-01T10:01:00.000Z');
    expect(new Date(nextRun(now, 300_000)).toISOString()).toBe('2026-03-01T10:05:00.000Z');
  });
});

describe('a schedule', () => {
  const at = (time: string) => jest.useFakeTimers({ now: Date.parse(time) });

  test('invokes its function each period with what Scheduler sends', async () => {
    at('2026-03-01T10:00:31.500Z');
    const events: unknown[] = [];
    const { service } = scheduler(properties(), async (event) => void events.push(event));
    await service.start?.();

    await jest.advanceTimersByTimeAsync(28_000);
    expect(events).toEqual([]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(events).toMatchObject([
      {
        source: 'aws.scheduler',
        'detail-type': 'Scheduled Event',
        time: '2026-03-01T10:01:00Z',
        resources: ['arn:aws:scheduler:us-east-1:123456789012:schedule/default/clock'],
      },
    ]);
    await jest.advanceTimersByTimeAsync(120_000);
    expect(events).toHaveLength(3);
    await service.stop?.();
    await jest.advanceTimersByTimeAsync(120_000);
    expect(events).toHaveLength(3);
  });

  test('with an input sends it, its placeholders filled in', async () => {
    at('2026-03-01T10:00:00.000Z');
    const events: unknown[] = [];
    const Input = '{"at":"<aws.scheduler.scheduled-time>","try":<aws.scheduler.attempt-number>}';
    const { service } = scheduler(properties({}, { Input }), async (event) => void events.push(event));
    await service.start?.();
    await jest.advanceTimersByTimeAsync(60_000);
    await service.stop?.();

    expect(events).toEqual([{ at: '2026-03-01T10:01:00Z', try: 1 }]);
  });

  test('that cannot be delivered is retried and then left to its dead-letter queue', async () => {
    at('2026-03-01T10:00:00.000Z');
    let tries = 0;
    const target = {
      Input: '{"n":1}',
      RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60 },
      DeadLetterConfig: { Arn: deadArn },
    };
    const { service, sent } = scheduler(properties({}, target), async () => {
      tries += 1;
      throw new AwsError('ResourceNotFoundException', 'gone', 404);
    });
    await service.start?.();
    await jest.advanceTimersByTimeAsync(70_000);
    await service.stop?.();

    expect(tries).toBe(3);
    expect(sent).toMatchObject([
      {
        QueueUrl: 'http://dead',
        MessageBody: '{"n":1}',
        MessageAttributes: { ERROR_CODE: { StringValue: 'ResourceNotFoundException' } },
      },
    ]);
  });

  test('that is disabled does nothing', async () => {
    at('2026-03-01T10:00:00.000Z');
    const events: unknown[] = [];
    const { service } = scheduler(
      properties({ State: 'DISABLED' }),
      async (event) => void events.push(event),
    );
    await service.start?.();
    await jest.advanceTimersByTimeAsync(200_000);

    expect(events).toEqual([]);
  });
});
