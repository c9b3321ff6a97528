import * as z from 'zod';
import { parseProperties } from '../parse-properties.ts';
import type { ResolvedResource, RuntimeSettings } from '../types.ts';
import { type Alarm, newAlarmState } from './alarm.ts';
import {
  type AlarmRule,
  type ComparisonOperator,
  comparisonOperators,
  evaluateAlarm,
  missingDataTreatments,
} from './alarm-evaluation.ts';
import {
  type MetricDataQuery,
  MetricQueries,
  metricDataQuery,
  metricShape,
  periodShape,
  statisticShape,
  type Window,
} from './metric-queries.ts';
import type { MetricStore } from './metric-store.ts';

const arns = z.optional(z.array(z.string()));

/** What the runtime evaluates of AWS::CloudWatch::Alarm; anything else (anomaly detection, say) is refused by name. */
const alarmProperties = z.strictObject({
  AlarmName: z.optional(z.string().min(1).max(255)),
  AlarmDescription: z.optional(z.string()),
  ActionsEnabled: z.optional(z.boolean()),
  AlarmActions: arns,
  OKActions: arns,
  InsufficientDataActions: arns,
  Namespace: z.optional(metricShape.shape.Namespace),
  MetricName: z.optional(metricShape.shape.MetricName),
  Dimensions: metricShape.shape.Dimensions,
  Period: z.optional(periodShape),
  Statistic: z.optional(statisticShape),
  ExtendedStatistic: z.optional(statisticShape),
  Unit: z.optional(z.string()),
  Metrics: z.optional(z.array(metricDataQuery).min(1)),
  EvaluationPeriods: z.int().positive(),
  DatapointsToAlarm: z.optional(z.int().positive()),
  Threshold: z.number(),
  ComparisonOperator: z.enum(Object.keys(comparisonOperators) as [ComparisonOperator]),
  TreatMissingData: z.optional(z.enum(missingDataTreatments)),
  EvaluateLowSampleCountPercentile: z.optional(z.enum(['evaluate', 'ignore'])),
  Tags: z.optional(z.array(z.unknown())),
});
type AlarmProperties = z.infer<typeof alarmProperties>;

/**
 * @throws {Error} for properties that CloudWatch would refuse or this runtime does not evaluate
 */
export function createMetricAlarm(
  resource: ResolvedResource,
  settings: RuntimeSettings,
  store: MetricStore,
): Alarm {
  const properties = parseProperties(alarmProperties, resource.properties);
  const name = properties.AlarmName ?? resource.logicalId;
  const watched = watchedQueries(properties);
  const queries = new MetricQueries(store, watched.queries);
  const datapointsToAlarm = properties.DatapointsToAlarm ?? properties.EvaluationPeriods;
  if (datapointsToAlarm > properties.EvaluationPeriods) {
    throw new Error('DatapointsToAlarm must not be above EvaluationPeriods');
  }
  const rule: AlarmRule = {
    comparison: properties.ComparisonOperator,
    threshold: properties.Threshold,
    datapointsToAlarm,
    treatMissingData: properties.TreatMissingData ?? 'missing',
  };
  const windowsBefore = (now: number) => (period: number) =>
    slidingWindows(now, period * 1000, properties.EvaluationPeriods);
  // A query without data still finds unknown ids, circles and results that are no single series.
  queries.evaluate(watched.id, windowsBefore(0));
  const { AlarmActions, OKActions, InsufficientDataActions, ActionsEnabled, Tags, ...trigger } = properties;
  const { AlarmName, AlarmDescription, ...details } = trigger;
  return {
    ...newAlarmState(),
    type: 'MetricAlarm',
    name,
    arn: `arn:aws:cloudwatch:${settings.region}:${settings.accountId}:alarm:${name}`,
    actionsEnabled: ActionsEnabled ?? true,
    actions: {
      ALARM: AlarmActions ?? [],
      OK: OKActions ?? [],
      INSUFFICIENT_DATA: InsufficientDataActions ?? [],
    },
    details: { AlarmDescription, ...details },
    trigger: details,
    evaluate(now) {
      const { series } = queries.evaluate(watched.id, windowsBefore(now));
      return evaluateAlarm(rule, series, this.state);
    },
  };
}

/** One metric, or the one query of `Metrics` that returns data. */
function watchedQueries(properties: AlarmProperties): { id: string; queries: MetricDataQuery[] } {
  const { Metrics, Namespace, MetricName, Dimensions, Period, Statistic, ExtendedStatistic } = properties;
  if (Metrics) {
    if (MetricName !== undefined) throw new Error('an alarm has either MetricName or Metrics, not both');
    const returning = Metrics.filter((query) => query.ReturnData !== false);
    const [query, ...others] = returning;
    if (!query || others.length > 0) throw new Error('exactly one of Metrics must have ReturnData true');
    return { id: query.Id, queries: Metrics };
  }
  const Stat = Statistic ?? ExtendedStatistic;
  if (Namespace === undefined || MetricName === undefined || Period === undefined || Stat === undefined) {
    throw new Error(
      'an alarm needs Namespace, MetricName, Period and Statistic or ExtendedStatistic, or Metrics',
    );
  }
  return {
    id: 'm',
    queries: [{ Id: 'm', MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat } }],
  };
}

/**
 * Whole periods that end now instead of at the full minute: CloudWatch would need up to a period
 * longer to see the same breach, which is a long wait at a desk and in a test.
 */
function slidingWindows(now: number, width: number, count: number): Window[] {
  const end = now + 1;
  return Array.from({ length: count }, (_, index) => {
    const from = end - (count - index) * width;
    return { start: from, end: from + width };
  });
}
