import * as z from 'zod';
import { parseProperties } from '../parse-properties.ts';
import type { ResolvedResource, RuntimeSettings } from '../types.ts';
import { type Alarm, newAlarmState } from './alarm.ts';
import { parseAlarmRule } from './composite-rule.ts';

const arns = z.optional(z.array(z.string()));

/** What the runtime evaluates of AWS::CloudWatch::CompositeAlarm; action suppression is refused by name. */
const compositeProperties = z.strictObject({
  AlarmName: z.optional(z.string().min(1).max(255)),
  AlarmDescription: z.optional(z.string()),
  AlarmRule: z.string().max(10_240),
  ActionsEnabled: z.optional(z.boolean()),
  AlarmActions: arns,
  OKActions: arns,
  InsufficientDataActions: arns,
  Tags: z.optional(z.array(z.unknown())),
});

/**
 * @param exists whether an alarm of that name has been created; CloudWatch refuses rules on unknown alarms
 * @throws {Error} for a rule that does not parse or reads an alarm that does not exist
 */
export function createCompositeAlarm(
  resource: ResolvedResource,
  settings: RuntimeSettings,
  exists: (alarmName: string) => boolean,
): Alarm {
  const properties = parseProperties(compositeProperties, resource.properties);
  const name = properties.AlarmName ?? resource.logicalId;
  const { rule, alarmNames } = parseAlarmRule(properties.AlarmRule);
  const unknown = alarmNames.find((alarmName) => !exists(alarmName));
  if (unknown !== undefined) throw new Error(`AlarmRule reads the alarm ${unknown}, which does not exist`);
  return {
    ...newAlarmState(),
    type: 'CompositeAlarm',
    name,
    arn: `arn:aws:cloudwatch:${settings.region}:${settings.accountId}:alarm:${name}`,
    actionsEnabled: properties.ActionsEnabled ?? true,
    actions: {
      ALARM: properties.AlarmActions ?? [],
      OK: properties.OKActions ?? [],
      INSUFFICIENT_DATA: properties.InsufficientDataActions ?? [],
    },
    details: { AlarmDescription: properties.AlarmDescription, AlarmRule: properties.AlarmRule },
    trigger: { AlarmRule: properties.AlarmRule },
    evaluate(_now, stateOf) {
      const state = rule(stateOf) ? 'ALARM' : 'OK';
      const cause = alarmNames.filter((alarmName) => stateOf(alarmName) === 'ALARM');
      return {
        state,
        reason:
          cause.length > 0
            ? `Alarms in ALARM: ${cause.join(', ')}`
            : `None of its ${alarmNames.length} alarms is in ALARM`,
      };
    },
  };
}
