import { describe, expect, test } from '@jest/globals';
import { EmfError, parseEmf } from '../../local/cloudwatch/emf.ts';

const line = (change: Record<string, unknown> = {}, directive: Record<string, unknown> = {}) =>
  JSON.stringify({
    _aws: {
      Timestamp: 1_760_000_000_000,
      CloudWatchMetrics: [
        {
          Namespace: 'Tandem',
          Dimensions: [['service'], ['service', 'operation']],
          Metrics: [{ Name: 'claimed', Unit: 'Count' }, { Name: 'latency' }],
          ...directive,
        },
      ],
    },
    service: 'tasks',
    operation: 'claim',
    tenantId: 'a property is no dimension',
    claimed: 3,
    latency: [5, 7],
    ...change,
  });

describe('EMF lines', () => {
  test('each metric counts in each dimension set, each value of an array by itself', () => {
    const common = { namespace: 'Tandem', timestamp: 1_760_000_000_000 };
    const sets = [{ service: 'tasks' }, { service: 'tasks', operation: 'claim' }];
    expect(parseEmf(line())).toEqual(
      sets.flatMap((dimensions) => [
        { ...common, dimensions, name: 'claimed', value: 3, unit: 'Count' },
        { ...common, dimensions, name: 'latency', value: 5, unit: undefined },
        { ...common, dimensions, name: 'latency', value: 7, unit: undefined },
      ]),
    );
  });

  test.each(['plain text', '{"level":"INFO"}', '{broken', ''])('%p is no EMF', (text) => {
    expect(parseEmf(text)).toBeUndefined();
  });

  test.each([
    ['a metric without its value', line({ claimed: undefined }), /claimed/],
    ['a value that is a text', line({ latency: '5' }), /latency/],
    ['a dimension without its value', line({ operation: undefined }), /operation/],
    ['a dimension that is a number', line({ operation: 5 }), /operation/],
    ['no namespace', line({}, { Namespace: undefined }), /Namespace/],
    ['dimensions that are no sets', line({}, { Dimensions: ['service'] }), /Dimensions/],
    ['metadata that is no object', JSON.stringify({ _aws: true }), /_aws/],
    ['more than 100 values', line({ latency: Array.from({ length: 101 }, () => 1) }), /latency/],
  ])('%s is refused by name', (_, text, message) => {
    expect(() => parseEmf(text)).toThrow(EmfError);
    expect(() => parseEmf(text)).toThrow(message);
  });
});
