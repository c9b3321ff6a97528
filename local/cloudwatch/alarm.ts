import type { AlarmStateValue } from './alarm-evaluation.ts';

/** A verdict of one evaluation. */
export interface AlarmVerdict {
  state: AlarmStateValue;
  /** For people, as CloudWatch's `StateReason`. */
  reason: string;
}

/** One alarm of the template with its present state. */
export interface Alarm {
  type: 'MetricAlarm' | 'CompositeAlarm';
  name: string;
  arn: string;
  actionsEnabled: boolean;
  /** ARNs of SNS topics by the state that triggers them. */
  actions: Record<AlarmStateValue, readonly string[]>;
  /** What `DescribeAlarms` tells besides name, ARN, actions and state. */
  details: Record<string, unknown>;
  /** What CloudWatch puts under `Trigger` in a notification. */
  trigger: Record<string, unknown>;
  configuredAt: Date;
  state: AlarmStateValue;
  reason: string;
  /** When the state last changed. */
  since: Date;
  /** @param now epoch milliseconds */
  evaluate(now: number, stateOf: (alarmName: string) => AlarmStateValue): AlarmVerdict;
}

/** The members of an alarm that do not depend on its kind. */
export function newAlarmState(): Pick<Alarm, 'configuredAt' | 'state' | 'reason' | 'since'> {
  const now = new Date();
  return {
    configuredAt: now,
    state: 'INSUFFICIENT_DATA',
    reason: 'Unchecked: Initial alarm creation',
    since: now,
  };
}
