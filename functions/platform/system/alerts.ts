import { env } from '../../shared/environment.ts';
import { type AlarmDescription, describeAlarms } from './cloudwatch.ts';
import type { Alerts } from './schemas.ts';

const urgency = { ALARM: 0, INSUFFICIENT_DATA: 1, OK: 2 } as const;

/** The alarms of this stage, those that fire first. */
export async function listAlerts(): Promise<Alerts> {
  const prefix = env('ALARM_PREFIX');
  const alerts = (await describeAlarms(prefix)).map((alarm) => toAlert(alarm, prefix));
  return {
    alerts: alerts.sort((a, b) => urgency[a.state] - urgency[b.state] || a.name.localeCompare(b.name)),
  };
}

function toAlert(alarm: AlarmDescription, prefix: string): Alerts['alerts'][number] {
  const since = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp;
  return {
    name: alarm.AlarmName.slice(prefix.length),
    state: alarm.StateValue,
    since: since === undefined ? null : new Date(since * 1_000).toISOString(),
    description: alarm.AlarmDescription ?? null,
    metric: metricOf(alarm),
    threshold: alarm.Threshold ?? null,
    reason: alarm.StateReason ?? null,
  };
}

/** What the alarm looks at: a metric, the formula over several, or the rule over other alarms. */
function metricOf({ Namespace, MetricName, Metrics, AlarmRule }: AlarmDescription): string | null {
  if (MetricName) return `${Namespace} ${MetricName}`;
  const formula = Metrics?.find(({ ReturnData }) => ReturnData !== false);
  return formula?.Label ?? formula?.Expression ?? AlarmRule ?? null;
}
