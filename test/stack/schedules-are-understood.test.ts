import { expect, test } from '@jest/globals';
import { scheduleProblem } from '../../lib/template-rules/text-rules.ts';

test.each([
  'rate(1 minute)',
  'rate(5 minutes)',
  'rate(12 hours)',
  'cron(0 8 * * ? *)',
  'cron(0/15 8-18 ? * MON-FRI *)',
  'cron(15 10 ? * 6L 2026-2030)',
  'cron(0 9 1W * ? *)',
  'at(2026-11-22T08:00:00)',
])('%s is valid', (expression) => {
  expect(scheduleProblem(expression)).toBeUndefined();
});

test.each([
  ['every minute', /must be rate/],
  ['rate(0 minutes)', /positive/],
  ['rate(5 seconds)', /minutes, hours or days/],
  ['cron(0 8 * * *)', /6 fields/],
  ['cron(0 8 * * * *)', /must be \?/],
  ['cron(61 8 ? * * *)', /minutes/],
  ['cron(0 25 ? * * *)', /hours/],
  ['at(tomorrow)', /yyyy-mm-dd/],
])('%s is refused', (expression, reason) => {
  expect(scheduleProblem(expression)).toMatch(reason);
});
