import { AwsError, type CloudWatchApi } from '../types.ts';
import type { Alarm } from './alarm.ts';
import type { AlarmBoard } from './alarm-board.ts';
import { type Input, inputs, type Operation, pageOf, parseInput } from './api-input.ts';
import { getMetricData } from './get-metric-data.ts';
import type { MetricStore } from './metric-store.ts';

/** CloudWatch's API on the local store and alarms. */
export function createCloudWatchApi(store: MetricStore, board: AlarmBoard): CloudWatchApi {
  const operations: { [O in Operation]: (input: Input<O>) => Record<string, unknown> } = {
    GetMetricData: (input) => getMetricData(store, input),
    DescribeAlarms: (input) => describeAlarms(board, input),
    PutMetricData: (input) => putMetricData(store, input),
    ListMetrics: (input) => listMetrics(store, input),
  };
  return {
    async call(operation, input) {
      if (!isServed(operation)) {
        throw new AwsError(
          'InvalidAction',
          `${operation} is not served locally; served: ${Object.keys(inputs).join(', ')}`,
        );
      }
      return run(operation, input);
    },
  };

  function run<O extends Operation>(operation: O, input: Record<string, unknown>): Record<string, unknown> {
    return operations[operation](parseInput(operation, input));
  }
}

function isServed(operation: string): operation is Operation {
  return Object.hasOwn(inputs, operation);
}

/** Composite alarms are told only when asked for, as in the cloud. */
function describeAlarms(board: AlarmBoard, input: Input<'DescribeAlarms'>): Record<string, unknown> {
  const types = input.AlarmTypes ?? ['MetricAlarm'];
  if (input.AlarmNames && input.AlarmNamePrefix !== undefined) {
    throw new AwsError('InvalidParameterCombination', 'AlarmNames and AlarmNamePrefix exclude each other.');
  }
  const chosen = board
    .sorted()
    .filter(
      (alarm) =>
        types.includes(alarm.type) &&
        (input.AlarmNames?.includes(alarm.name) ?? true) &&
        alarm.name.startsWith(input.AlarmNamePrefix ?? '') &&
        (input.StateValue === undefined || alarm.state === input.StateValue) &&
        (input.ActionPrefix === undefined || hasAction(alarm, input.ActionPrefix)),
    );
  const { page, NextToken } = pageOf(chosen, input.MaxRecords ?? 50, input.NextToken);
  return {
    MetricAlarms: page.filter(({ type }) => type === 'MetricAlarm').map(describeAlarm),
    CompositeAlarms: page.filter(({ type }) => type === 'CompositeAlarm').map(describeAlarm),
    NextToken,
  };
}

function hasAction(alarm: Alarm, prefix: string): boolean {
  return Object.values(alarm.actions)
    .flat()
    .some((action) => action.startsWith(prefix));
}

function describeAlarm(alarm: Alarm): Record<string, unknown> {
  return {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    ...alarm.details,
    AlarmConfigurationUpdatedTimestamp: alarm.configuredAt,
    ActionsEnabled: alarm.actionsEnabled,
    AlarmActions: alarm.actions.ALARM,
    OKActions: alarm.actions.OK,
    InsufficientDataActions: alarm.actions.INSUFFICIENT_DATA,
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateUpdatedTimestamp: alarm.since,
    StateTransitionedTimestamp: alarm.since,
  };
}

function putMetricData(
  store: MetricStore,
  { Namespace, MetricData }: Input<'PutMetricData'>,
): Record<string, unknown> {
  for (const { MetricName, Dimensions, Timestamp, Value, Values, Counts, Unit } of MetricData) {
    if ((Value === undefined) === (Values === undefined)) {
      throw new AwsError(
        'InvalidParameterCombination',
        `${MetricName} needs exactly one of Value and Values.`,
      );
    }
    if (Counts && Counts.length !== Values?.length) {
      throw new AwsError('InvalidParameterValue', `${MetricName}: Counts and Values differ in length.`);
    }
    const dimensions = Object.fromEntries((Dimensions ?? []).map(({ Name, Value: value }) => [Name, value]));
    for (const [index, value] of (Values ?? [Value ?? 0]).entries()) {
      const datum = {
        namespace: Namespace,
        name: MetricName,
        dimensions,
        value,
        unit: Unit,
        timestamp: Timestamp,
      };
      for (let count = Counts?.[index] ?? 1; count > 0; count -= 1) store.put(datum);
    }
  }
  return {};
}

const METRICS_PER_PAGE = 500;

function listMetrics(store: MetricStore, input: Input<'ListMetrics'>): Record<string, unknown> {
  const found = store
    .list()
    .filter(
      ({ namespace, name, dimensions }) =>
        (input.Namespace === undefined || input.Namespace === namespace) &&
        (input.MetricName === undefined || input.MetricName === name) &&
        (input.Dimensions ?? []).every(({ Name, Value }) =>
          Value === undefined ? Object.hasOwn(dimensions, Name) : dimensions[Name] === Value,
        ),
    )
    .map(({ namespace, name, dimensions }) => ({
      Namespace: namespace,
      MetricName: name,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    }));
  const { page, NextToken } = pageOf(found, METRICS_PER_PAGE, input.NextToken);
  return { Metrics: page, NextToken };
}
