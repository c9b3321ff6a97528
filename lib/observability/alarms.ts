import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { physicalName } from '../stage.ts';
import { functionMetric, graphqlMetric, queueMetric, restMetric, throttledRequests } from './metrics.ts';
import type { Observed } from './observed.ts';

/** What is too much. Times in seconds. */
const thresholds = {
  restP99Seconds: 3,
  graphqlP99Seconds: 5,
  runnerQueueAgeSeconds: { 'runner-high': 120, runner: 300, 'runner-low': 3_600 },
  webhooksQueueAgeSeconds: 900,
  streamLagSeconds: 60,
  serverErrorsIn5Minutes: 5,
} as const;

interface AlarmSpec {
  metric: IMetric;
  threshold: number;
  description: string;
  /** Periods that must be bad, of as many looked at. */
  periods?: number;
  /** Wakes somebody: customers notice, or work is being lost. */
  page?: boolean;
}

/** Every alarm tells the topic; the composite one is the only one to page on. */
export class Alarms extends Construct {
  readonly all: Alarm[] = [];
  readonly #paging: Alarm[] = [];

  constructor(scope: Construct, id: string, observed: Observed, topic: Topic) {
    super(scope, id);
    const action = new SnsAction(topic);
    const specs = {
      ...failureQueues(observed),
      ...processing(observed),
      ...apis(observed),
      ...compute(observed),
    };
    for (const [name, { metric, threshold, description, periods = 1, page = false }] of Object.entries(
      specs,
    )) {
      const alarm = new Alarm(this, name, {
        alarmName: physicalName(observed.stage, name),
        alarmDescription: description,
        metric,
        threshold,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluationPeriods: periods,
        datapointsToAlarm: periods,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
      this.all.push(alarm);
      if (page) this.#paging.push(alarm);
    }
    const composite = new CompositeAlarm(this, 'page', {
      compositeAlarmName: physicalName(observed.stage, 'page'),
      alarmDescription: 'Customers notice, or work is being lost: page on this one',
      alarmRule: AlarmRule.anyOf(
        ...this.#paging.map((alarm) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM)),
      ),
    });
    composite.addAlarmAction(action);
    composite.addOkAction(action);
  }
}

function failureQueues({ queues }: Observed): Record<string, AlarmSpec> {
  return Object.fromEntries(
    Object.entries(queues.failureQueues).map(([name, queue]) => [
      `${name}-depth`,
      {
        metric: queueMetric(queue, 'ApproximateNumberOfMessagesVisible'),
        threshold: 1,
        description: `Something failed for good and waits in ${name}`,
        page: true,
      },
    ]),
  );
}

function processing({ queues, functions }: Observed): Record<string, AlarmSpec> {
  return {
    ...runnerQueueAges(queues),
    'webhooks-queue-age': {
      metric: queueMetric(queues.webhooks.queue, 'ApproximateAgeOfOldestMessage'),
      threshold: thresholds.webhooksQueueAgeSeconds,
      description: 'Webhook deliveries wait longer than a quarter of an hour',
      periods: 3,
    },
    'stream-lag': {
      metric: functionMetric(functions.changes, 'IteratorAge', { statistic: 'Maximum' }),
      threshold: thresholds.streamLagSeconds * 1000,
      description: 'History, counters and subscriptions run more than a minute behind the writes',
      periods: 3,
      page: true,
    },
  };
}

function runnerQueueAges(queues: Observed['queues']): Record<string, AlarmSpec> {
  return Object.fromEntries(
    Object.entries(queues.runnerQueues).map(([name, { queue }]) => {
      const threshold = thresholds.runnerQueueAgeSeconds[name as keyof typeof queues.runnerQueues];
      const description = `Tasks wait longer than ${threshold / 60} minutes in ${name}`;
      const metric = queueMetric(queue, 'ApproximateAgeOfOldestMessage');
      return [`${name}-queue-age`, { metric, threshold, description, periods: 3 }];
    }),
  );
}

function apis({ restApi, graphqlApi }: Observed): Record<string, AlarmSpec> {
  const fiveMinutes = { period: Duration.minutes(5) };
  return {
    'rest-5xx': {
      metric: restMetric(restApi, '5xx', fiveMinutes),
      threshold: thresholds.serverErrorsIn5Minutes,
      description: 'The REST API answers with server errors',
      page: true,
    },
    'rest-p99': {
      metric: restMetric(restApi, 'Latency', { ...fiveMinutes, statistic: 'p99' }),
      threshold: thresholds.restP99Seconds * 1000,
      description: 'The slowest REST requests take more than three seconds',
      periods: 3,
      page: true,
    },
    'graphql-5xx': {
      metric: graphqlMetric(graphqlApi, '5XXError', fiveMinutes),
      threshold: thresholds.serverErrorsIn5Minutes,
      description: 'The GraphQL API answers with server errors',
      page: true,
    },
    'graphql-p99': {
      metric: graphqlMetric(graphqlApi, 'Latency', { ...fiveMinutes, statistic: 'p99' }),
      threshold: thresholds.graphqlP99Seconds * 1000,
      description: 'The slowest GraphQL requests take more than five seconds',
      periods: 3,
    },
  };
}

function compute({ functions, tables }: Observed): Record<string, AlarmSpec> {
  const specs: Record<string, AlarmSpec> = {};
  for (const [name, fn] of Object.entries(functions)) {
    specs[`${name}-errors`] = {
      metric: functionMetric(fn, 'Errors'),
      threshold: 1,
      description: `Invocations of ${name} fail, minute after minute`,
      periods: 3,
    };
    specs[`${name}-throttles`] = {
      metric: functionMetric(fn, 'Throttles'),
      threshold: 1,
      description: `Lambda has no room to run ${name}`,
      periods: 2,
    };
  }
  for (const [name, table] of Object.entries(tables.all)) {
    specs[`${name}-table-throttles`] = {
      metric: throttledRequests(table, name),
      threshold: 1,
      description: `DynamoDB refuses requests to the table ${name}: a partition is too hot`,
      periods: 2,
    };
  }
  return specs;
}
