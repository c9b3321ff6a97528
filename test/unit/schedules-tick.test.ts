import { describe, expect, test } from '@jest/globals';
import {
  faultOfCron,
  isTimezone,
  secondsOf,
  type Times,
  tickAfter,
  ticksAfter,
} from '../../functions/tasks/schedules/ticks.ts';
import { fc } from '../support/property.ts';

const anchorAt = '2026-01-01T00:00:00.000Z';
const cron = (expression: string, timezone: string): Times => ({ cron: expression, timezone, anchorAt });
/** The ticks after a time, as instants without their zeros. */
const next = (times: Times, after: string, count: number) =>
  ticksAfter(times, Date.parse(after), count).map((millis) => new Date(millis).toISOString().slice(0, 16));

describe('when the clocks go forward', () => {
  test.each([
    // 29 March 2026: after 1:59 comes 3:00.
    [
      'Europe/Berlin',
      '30 2 * * *',
      '2026-03-28T00:00Z',
      ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30'],
    ],
    [
      'Europe/Berlin',
      '0 2,3 * * *',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:00', '2026-03-30T01:00'],
    ],
    [
      'Europe/Berlin',
      '*/30 * * * *',
      '2026-03-29T00:00Z',
      ['2026-03-29T00:30', '2026-03-29T01:00', '2026-03-29T01:30'],
    ],
    ['Europe/Berlin', '0 9 * * *', '2026-03-28T00:00Z', ['2026-03-28T08:00', '2026-03-29T07:00']],
    // 8 March 2026: after 1:59 comes 3:00.
    ['America/New_York', '30 2 * * *', '2026-03-07T12:00Z', ['2026-03-08T07:00', '2026-03-09T06:30']],
    ['America/New_York', '0 * * * *', '2026-03-08T06:00Z', ['2026-03-08T07:00', '2026-03-08T08:00']],
  ])('in %s, %s makes up for what is skipped, once', (timezone, expression, after, expected) => {
    expect(next(cron(expression, timezone), after, expected.length)).toEqual(expected);
  });
});

describe('when the clocks go back', () => {
  test.each([
    // 25 October 2026: after 2:59 comes 2:00 again.
    ['Europe/Berlin', '30 2 * * *', '2026-10-24T12:00Z', ['2026-10-25T00:30', '2026-10-26T01:30']],
    [
      'Europe/Berlin',
      '15,45 2 * * *',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:15', '2026-10-25T00:45', '2026-10-26T01:15'],
    ],
    [
      'Europe/Berlin',
      '*/30 * * * *',
      '2026-10-25T00:00Z',
      ['2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30'],
    ],
    // 1 November 2026: after 1:59 comes 1:00 again.
    ['America/New_York', '30 1 * * *', '2026-10-31T12:00Z', ['2026-11-01T05:30', '2026-11-02T06:30']],
    [
      'America/New_York',
      '0 * * * *',
      '2026-11-01T04:00Z',
      ['2026-11-01T05:00', '2026-11-01T06:00', '2026-11-01T07:00'],
    ],
  ])('in %s, %s does nothing twice', (timezone, expression, after, expected) => {
    expect(next(cron(expression, timezone), after, expected.length)).toEqual(expected);
  });
});

describe('over the years', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'];

  test('a daily time comes once on every day, in every zone', () => {
    const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
    fc.assert(
      fc.property(time, fc.constantFrom(...zones), ([hour, minute], timezone) => {
        const times = cron(`${minute} ${hour} * * *`, timezone);
        const day = new Intl.DateTimeFormat('en-CA', { timeZone: timezone });
        const ticks = ticksAfter(times, Date.parse('2026-01-01T12:00Z'), 365);
        expect(new Set(ticks.map((tick) => day.format(tick))).size).toBe(365);
        for (const [at, tick] of ticks.entries()) {
          if (at === 0) continue;
          const hours = (tick - (ticks[at - 1] as number)) / 3_600_000;
          expect(hours).toBeGreaterThanOrEqual(22.5);
          expect(hours).toBeLessThanOrEqual(25.5);
        }
      }),
      { numRuns: 8 },
    );
  });

  test('the next tick is always later, and none lies between', () => {
    const field = (max: number) =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min: 0, max }).map(String),
        fc.integer({ min: 2, max: 20 }).map((step) => `*/${step}`),
      );
    const from = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) });
    fc.assert(
      fc.property(
        field(59),
        field(23),
        fc.constantFrom(...zones),
        from,
        (minutes, hours, timezone, after) => {
          const times = cron(`${minutes} ${hours} * * *`, timezone);
          const tick = tickAfter(times, after) as number;
          expect(tick).toBeGreaterThan(after);
          // From anywhere before it, it is still the next one.
          expect(tickAfter(times, after + Math.floor((tick - after - 1) / 2))).toBe(tick);
          expect(tickAfter(times, tick - 1)).toBe(tick);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('an interval stands on the times counted from its anchor', () => {
    const everySeconds = fc.integer({ min: 60, max: 400_000 });
    const from = fc.integer({ min: -1_000_000, max: 10_000_000_000 });
    fc.assert(
      fc.property(everySeconds, from, (every, offset) => {
        const times = { everySeconds: every, timezone: 'UTC', anchorAt };
        const anchor = Date.parse(anchorAt);
        const after = anchor + offset;
        const tick = tickAfter(times, after) as number;
        expect(tick).toBeGreaterThan(after);
        expect(tick).toBeGreaterThan(anchor);
        expect((tick - anchor) % (every * 1_000)).toBe(0);
        if (offset >= 0) expect(tick - after).toBeLessThanOrEqual(every * 1_000);
      }),
    );
  });
});

test.each([
  ['0 9 * * MON-FRI', undefined],
  ['@daily', undefined],
  ['0 0 L * *', undefined],
  ['*/5 8-18 1,15 JAN-MAR *', undefined],
  ['* * * * * *', 'five fields'],
  ['0 24 * * *', 'Invalid value for hour'],
  ['0 0 30 2 *', 'never comes'],
  ['@reboot', 'not supported'],
  ['hello', 'no cron expression'],
])('%s: %s', (expression, fault) => {
  const found = faultOfCron(expression, 'Europe/Berlin', Date.parse(anchorAt));
  if (fault === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(fault);
});

test.each([
  ['PT15M', 900],
  ['P1D', 86_400],
  ['P1W', 604_800],
  ['P1DT2H3M4S', 93_784],
  ['P', undefined],
  ['PT', undefined],
  ['P1M', undefined],
  ['P1Y', undefined],
  ['15', undefined],
  ['-PT1M', undefined],
  ['PT1.5H', undefined],
])('%s has %s seconds', (text, seconds) => {
  expect(secondsOf(text)).toBe(seconds);
});

test.each([
  ['Europe/Berlin', true],
  ['UTC', true],
  ['America/New_York', true],
  ['Mars/Olympus', false],
  ['+01:00', false],
  ['', false],
])('%s is a time zone: %s', (name, expected) => {
  expect(isTimezone(name)).toBe(expected);
});
