import { describe, expect, test } from '@jest/globals';
import { awsScalars } from '../../local/appsync/scalars.ts';

const scalar = (name: string) => {
  const found = awsScalars.find((one) => one.name === name);
  if (!found) throw new Error(`no scalar ${name}`);
  return found;
};

describe.each<[string, unknown[], unknown[]]>([
  [
    'AWSDate',
    ['2026-02-28', '1970-01-01Z', '1970-01-01+05:30', '2024-02-29'],
    ['2026-02-29', '2026-13-01', '26-01-01', 'today', 5, null],
  ],
  ['AWSTime', ['12:30', '12:30:24', '12:30:24.500+05:30', '00:00Z'], ['24:00', '12', '12:60', 'noon']],
  [
    'AWSDateTime',
    ['1970-01-01T12:30:00-08:00', '2026-11-22T00:00:00.000Z', '2026-11-22T00:00Z'],
    ['2026-11-22', '2026-11-22T00:00:00', '2026-11-31T00:00:00Z', '2026-11-22 00:00:00Z'],
  ],
  ['AWSTimestamp', [0, -5, 1_760_000_000], [1.5, 'now', true]],
  [
    'AWSEmail',
    ['user@example.com', "o'neil+tag@mail.example.co.uk"],
    ['user', 'user@localhost', 'a b@example.com', '@example.com'],
  ],
  ['AWSURL', ['https://example.com/a?b=c', 'mailto:user@example.com'], ['example.com', '//x', 'not a url']],
  ['AWSPhone', ['+1 555 0100', '(030) 123-4567', '112'], ['+', 'call me', '12', '+1234567890123456']],
  [
    'AWSIPAddress',
    ['127.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32'],
    ['256.0.0.1', '10.0.0.0/33', '::g', '10.0.0.0/8/8'],
  ],
  ['AWSJSON', ['{"a":1}', '[]', '"text"', '5'], ['{a:1}', 'text', '', 5]],
])('%s', (name, good, bad) => {
  test.each(good)('takes %p', (value) => {
    expect(() => scalar(name).coerceInputValue(value)).not.toThrow();
  });
  test.each(bad)('refuses %p', (value) => {
    expect(() => scalar(name).coerceInputValue(value)).toThrow(`Expected type '${name}'`);
  });
});

test('AWSJSON leaves as a string', () => {
  expect(scalar('AWSJSON').coerceOutputValue({ a: [{}] })).toBe('{"a":[{}]}');
  expect(scalar('AWSJSON').coerceOutputValue('{"a":1}')).toBe('{"a":1}');
});
