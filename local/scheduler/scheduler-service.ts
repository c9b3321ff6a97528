import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { FailureDestination, requireQueueArn } from '../lambda/failure-destination.ts';
import { localRetryMilliseconds } from '../lambda/local-retry.ts';
import { parseProperties } from '../parse-properties.ts';
import {
  AwsError,
  type LambdaService,
  type ProvidingService,
  type ResolvedResource,
  type RuntimeContext,
} from '../types.ts';
import { nextRun, readRate } from './schedule-expression.ts';
import { wait } from './wait.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-scheduler-schedule.html */
const properties = z.strictObject({
  Name: z.string().optional(),
  GroupName: z.literal('default').optional(),
  Description: z.string().optional(),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string().optional(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  FlexibleTimeWindow: z.looseObject({ Mode: z.enum(['OFF', 'FLEXIBLE']) }),
  Target: z.strictObject({
    Arn: z.string(),
    RoleArn: z.string(),
    Input: z.string().optional(),
    RetryPolicy: z
      .strictObject({
        MaximumEventAgeInSeconds: z.coerce.number().int().min(60).max(86_400).default(86_400),
        MaximumRetryAttempts: z.coerce.number().int().min(0).max(185).default(185),
      })
      .default({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 }),
    DeadLetterConfig: z.strictObject({ Arn: z.string() }).optional(),
  }),
});

interface Schedule {
  arn: string;
  name: string;
  period: number;
  target: z.infer<typeof properties>['Target'];
}

export interface SchedulerOptions {
  lambda: LambdaService;
}

/**
 * EventBridge Scheduler: runs each `rate(…)` schedule on full periods of the clock (a minute's on full minutes)
 * and invokes its function asynchronously, so that a failing function is Lambda's to retry. What cannot be handed
 * over is retried here and then left to the schedule's dead-letter queue.
 */
export function createSchedulerService(
  context: RuntimeContext,
  { lambda }: SchedulerOptions,
): ProvidingService {
  const { aws, settings, log } = context;
  const destination = new FailureDestination(aws);
  const retryAfter = localRetryMilliseconds();
  const schedules: Schedule[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;

  return {
    providers: { 'AWS::Scheduler::Schedule': { create } },
    async start() {
      for (const schedule of schedules) void follow(schedule);
    },
    async stop() {
      stopping.abort();
    },
  };

  function create(resource: ResolvedResource) {
    const read = parseProperties(properties, resource.properties);
    const name = read.Name ?? resource.logicalId;
    const arn = `arn:aws:scheduler:${settings.region}:${settings.accountId}:schedule/default/${name}`;
    const period = readRate(read.ScheduleExpression);
    // Fails here, and not in a minute, when the function is not in the template.
    lambda.timeoutSeconds(read.Target.Arn);
    if (read.Target.DeadLetterConfig) requireQueueArn(read.Target.DeadLetterConfig.Arn, 'Dead-letter target');
    if (read.State === 'ENABLED') schedules.push({ arn, name, period, target: read.Target });
    return { ref: name, attributes: { Arn: arn } };
  }

  async function follow(schedule: Schedule): Promise<void> {
    while (!signal.aborted) {
      const due = nextRun(Date.now(), schedule.period);
      await waitUntil(due);
      if (signal.aborted) return;
      // A slow hand-over must not hold up the next run.
      void run(schedule, due).catch((error: unknown) => {
        if (!signal.aborted) log(`${schedule.name}: ${error}`);
      });
    }
  }

  /** In short steps, because a suspended laptop's timers stand still while its clock goes on. */
  async function waitUntil(instant: number): Promise<void> {
    while (Date.now() < instant && !signal.aborted)
      await wait(Math.min(instant - Date.now(), 60_000), signal);
  }

  async function run({ arn, name, target }: Schedule, due: number): Promise<void> {
    const executionId = randomUUID();
    const expires = Date.now() + target.RetryPolicy.MaximumEventAgeInSeconds * 1000;
    for (let attempt = 1; ; attempt += 1) {
      const time = new Date(due).toISOString().replace('.000Z', 'Z');
      const input = fillIn(target.Input ?? JSON.stringify(defaultInput(arn, executionId, time)), {
        'schedule-arn': arn,
        'scheduled-time': time,
        'execution-id': executionId,
        'attempt-number': String(attempt),
      });
      try {
        await lambda.invokeAsync(target.Arn, JSON.parse(input));
        return;
      } catch (error) {
        const isLast = attempt > target.RetryPolicy.MaximumRetryAttempts;
        if (isLast || Date.now() + retryAfter > expires) {
          log(`${name}: not delivered after ${attempt} attempts: ${error}`);
          await leave(target, input, error);
          return;
        }
        await wait(retryAfter, signal);
        if (signal.aborted) return;
      }
    }
  }

  /** https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html */
  async function leave({ Arn, DeadLetterConfig }: Schedule['target'], input: string, error: unknown) {
    if (!DeadLetterConfig) return;
    await destination.send(DeadLetterConfig.Arn, JSON.parse(input), {
      ERROR_CODE: error instanceof AwsError ? error.code : 'InternalError',
      ERROR_MESSAGE: (error instanceof Error && error.message) || 'unknown',
      TARGET_ARN: Arn,
    });
  }
}

/** What a target gets whose schedule has no Input. */
function defaultInput(arn: string, id: string, time: string) {
  const [, , , region, account] = arn.split(':');
  const facts = { source: 'aws.scheduler', 'detail-type': 'Scheduled Event', resources: [arn], detail: '{}' };
  return { version: '0', id, account, time, region, ...facts };
}

/** Replaces `<aws.scheduler.…>` in a schedule's input. */
function fillIn(input: string, facts: Record<string, string>): string {
  return input.replace(
    /<aws\.scheduler\.([a-z-]+)>/g,
    (placeholder, name: string) => facts[name] ?? placeholder,
  );
}
