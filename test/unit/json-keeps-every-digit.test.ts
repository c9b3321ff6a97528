import { describe, expect, test } from '@jest/globals';
import { parseLossless } from '../../functions/shared/json.ts';
import { fc } from '../support/property.ts';

const roundTrip = (text: string) => JSON.stringify(parseLossless(text));

describe('JSON goes through unchanged', () => {
  test.each([
    '{}',
    '[]',
    '0',
    'false',
    '""',
    'null',
    '123456789012345678901',
    '-9007199254740993',
    '0.1000000000000000055511151231257827',
    '1e400',
    '{"a":[{},[],{"b":{}}]}',
  ])('%s', (text) => {
    expect(roundTrip(text)).toBe(text);
  });

  test('whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(roundTrip(text)).toBe(text);
      }),
    );
  });

  test('integers of any length', () => {
    fc.assert(
      fc.property(fc.bigInt(), (value) => {
        expect(roundTrip(`[${value}]`)).toBe(`[${value}]`);
      }),
    );
  });

  test('an ordinary number stays a number', () => {
    expect(parseLossless('{"a":1.5,"b":1e3,"c":100}')).toEqual({ a: 1.5, b: 1000, c: 100 });
  });
});
