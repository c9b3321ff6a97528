export type AlarmStateValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export const comparisonOperators = {
  GreaterThanThreshold: (value: number, threshold: number) => value > threshold,
  GreaterThanOrEqualToThreshold: (value: number, threshold: number) => value >= threshold,
  LessThanThreshold: (value: number, threshold: number) => value < threshold,
  LessThanOrEqualToThreshold: (value: number, threshold: number) => value <= threshold,
} as const;
export type ComparisonOperator = keyof typeof comparisonOperators;

export const missingDataTreatments = ['breaching', 'notBreaching', 'ignore', 'missing'] as const;

/** When a row of data points is an alarm. */
export interface AlarmRule {
  comparison: ComparisonOperator;
  threshold: number;
  /** M of the last N data points must breach. */
  datapointsToAlarm: number;
  treatMissingData: (typeof missingDataTreatments)[number];
}

/**
 * Decides an alarm's state by CloudWatch's rules.
 *
 * @param datapoints one per evaluation period, oldest first; undefined where there is none
 * @param current the state to keep where missing data is ignored
 */
export function evaluateAlarm(
  rule: AlarmRule,
  datapoints: readonly (number | undefined)[],
  current: AlarmStateValue,
): { state: AlarmStateValue; reason: string } {
  const breaches = comparisonOperators[rule.comparison];
  const present = datapoints.filter((point) => point !== undefined);
  const breaching = present.filter((point) => breaches(point, rule.threshold)).length;
  const missing = datapoints.length - present.length;
  const counted = rule.treatMissingData === 'breaching' ? breaching + missing : breaching;
  const detail = `${present.length} of ${datapoints.length} data points were there [${present.join(', ')}], ${breaching} ${wordsFor(rule.comparison)} the threshold (${rule.threshold}); missing data is treated as ${rule.treatMissingData}`;

  if (present.length === 0 && rule.treatMissingData === 'ignore') return { state: current, reason: detail };
  if (present.length === 0 && rule.treatMissingData === 'missing') {
    return { state: 'INSUFFICIENT_DATA', reason: `Insufficient data: ${detail}` };
  }
  return counted >= rule.datapointsToAlarm
    ? { state: 'ALARM', reason: `Threshold crossed: ${detail}` }
    : { state: 'OK', reason: `Threshold not crossed: ${detail}` };
}

/** `GreaterThanOrEqualToThreshold` → `greater than or equal to`. */
function wordsFor(comparison: ComparisonOperator): string {
  return comparison
    .replace('Threshold', '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
}
