import { describe, expect, test } from '@jest/globals';
import {
  type AlarmRule,
  type AlarmStateValue,
  evaluateAlarm,
} from '../../local/cloudwatch/alarm-evaluation.ts';
import { parseAlarmRule } from '../../local/cloudwatch/composite-rule.ts';
import { compileExpression, type MathScope, type Series } from '../../local/cloudwatch/metric-math.ts';
import { MetricStore } from '../../local/cloudwatch/metric-store.ts';
import { statistic } from '../../local/cloudwatch/statistics.ts';

describe('M out of N data points', () => {
  const rule: AlarmRule = {
    comparison: 'GreaterThanThreshold',
    threshold: 10,
    datapointsToAlarm: 2,
    treatMissingData: 'missing',
  };
  const gap = undefined;
  test.each<[string, Partial<AlarmRule>, (number | undefined)[], AlarmStateValue]>([
    ['two breaches of three', {}, [11, 5, 12], 'ALARM'],
    ['one breach of three', {}, [11, 5, 9], 'OK'],
    ['the threshold itself is no breach', {}, [10, 10, 10], 'OK'],
    ['no data', {}, [gap, gap, gap], 'INSUFFICIENT_DATA'],
    ['a gap is left out', {}, [gap, 11, 12], 'ALARM'],
    ['gaps that breach', { treatMissingData: 'breaching' }, [gap, 5, gap], 'ALARM'],
    ['gaps that do not breach', { treatMissingData: 'notBreaching' }, [gap, gap, gap], 'OK'],
    ['gaps that change nothing', { treatMissingData: 'ignore' }, [gap, gap, gap], 'ALARM'],
    ['below', { comparison: 'LessThanOrEqualToThreshold' }, [10, 3, 11], 'ALARM'],
  ])('%s', (_, change, points, expected) => {
    expect(evaluateAlarm({ ...rule, ...change }, points, 'ALARM').state).toBe(expected);
  });
});

describe('metric math', () => {
  const series: Record<string, Series> = {
    a: [1, undefined, 3],
    b: [10, 20, 0],
    errors_x: [1, 1, undefined],
  };
  const scope: MathScope = {
    period: 60,
    resolve: (id) => series[id] ?? [],
    metrics: (contains) =>
      Object.entries(series).flatMap(([id, values]) => (id.includes(contains) ? [values] : [])),
  };
  test.each<[string, unknown]>([
    ['a + b * 2', [21, undefined, 3]],
    ['(a + b) * 2', [22, undefined, 6]],
    ['-a', [-1, undefined, -3]],
    ['a / b', [0.1, undefined, undefined]],
    ['FILL(a, 0)', [1, 0, 3]],
    ['FILL(a, REPEAT)', [1, 1, 3]],
    ['FILL(a, b)', [1, 20, 3]],
    ['SUM(METRICS())', [12, 21, 3]],
    ['SUM(METRICS("errors"))', [1, 1, undefined]],
    ['SUM([a, b])', [11, 20, 3]],
    ['MAX(b)', 20],
    ['b - AVG(b)', [0, 10, -10]],
    ['IF(b > 5, 1, 0)', [1, 1, 0]],
    ['IF(b > 5 AND b < 15, b, 0)', [10, 0, 0]],
    ['SUM(b) / PERIOD(b)', 0.5],
    ['ABS(0 - b)', [10, 20, 0]],
  ])('%s', (text, expected) => {
    expect(compileExpression(text)(scope)).toEqual(expected);
  });
});

describe('composite rules', () => {
  const states: Record<string, AlarmStateValue> = { a: 'ALARM', b: 'OK', 'c d': 'INSUFFICIENT_DATA' };
  test.each([
    ['ALARM(a)', true],
    ['ALARM("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a") AND OK(b)', true],
    ['NOT ALARM(a) OR ALARM(b)', false],
    ['(ALARM(b) OR INSUFFICIENT_DATA("c d")) AND NOT OK(a)', true],
    ['TRUE AND FALSE', false],
  ])('%s', (text, expected) => {
    expect(parseAlarmRule(text).rule((name) => states[name] ?? 'INSUFFICIENT_DATA')).toBe(expected);
  });
  test.each(['', 'ALARM(a', 'ALARM(a) OK(b)', '(ALARM(a)', 'a AND b'])('"%s" is refused', (text) => {
    expect(() => parseAlarmRule(text)).toThrow(/unexpected|cannot read|missing/);
  });
});

describe('the metric store', () => {
  const metric = { namespace: 'N', name: 'M', dimensions: { a: '1', b: '2' } };
  test('the order of dimensions does not matter, their set does', () => {
    const store = new MetricStore();
    store.put({ ...metric, dimensions: { b: '2', a: '1' }, value: 5 });
    const now = Date.now();
    expect(store.summarise(metric, now - 60_000, now + 1).sum).toBe(5);
    expect(store.summarise({ ...metric, dimensions: { a: '1' } }, now - 60_000, now + 1).count).toBe(0);
  });

  test('many values keep exact sums and a bounded sample that still gives percentiles', () => {
    const store = new MetricStore();
    for (let value = 1; value <= 20_000; value += 1) store.put({ ...metric, value });
    const now = Date.now();
    const summary = store.summarise(metric, now - 60_000, now + 1);
    expect(summary).toMatchObject({ count: 20_000, sum: 200_010_000, minimum: 1, maximum: 20_000 });
    expect(summary.samples.length).toBeLessThanOrEqual(512);
    expect(statistic(summary, 'p50')).toBeGreaterThan(7000);
    expect(statistic(summary, 'p50')).toBeLessThan(13_000);
  });

  test('folding seconds into minutes loses nothing; after three hours all is gone', () => {
    const store = new MetricStore();
    const now = Date.now();
    for (const age of [1, 30, 300, 599]) store.put({ ...metric, value: age, timestamp: now - age * 1000 });
    store.compact(now + 15 * 60_000);
    expect(store.summarise(metric, now - 700_000, now + 1)).toMatchObject({ count: 4, sum: 930 });
    store.compact(now + 4 * 60 * 60_000);
    expect(store.list()).toEqual([]);
  });
});
