import { afterEach, describe, expect, test } from '@jest/globals';
import { eventTypes, isWanted } from '../../functions/platform/webhooks/event-types.ts';
import { nextDelay } from '../../functions/platform/webhooks/retry-schedule.ts';
import { isReachable, publicLookup } from '../../functions/shared/outgoing/public-address.ts';
import { signDelivery } from '../../functions/shared/outgoing/signing.ts';
import { isAllowedUrl } from '../../functions/shared/outgoing/target-url.ts';
import { fc } from '../support/property.ts';

afterEach(() => {
  delete process.env.WEBHOOKS_ALLOW_LOOPBACK;
});

describe('addresses', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    '2001::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
  ])('%s is not public', (address) => {
    expect(isReachable(address)).toBe(false);
  });

  test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(isReachable(address)).toBe(true);
    },
  );

  test('of this machine are let through by the local runtime only, others never', () => {
    process.env.WEBHOOKS_ALLOW_LOOPBACK = 'true';
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1'].map(isReachable)).toEqual([true, true, true]);
    expect(['10.0.0.1', '169.254.169.254', 'fe80::1'].map(isReachable)).toEqual([false, false, false]);
  });

  test('are checked by the very lookup that connects', async () => {
    const look = () =>
      new Promise((resolve) =>
        publicLookup('localhost', {}, (error, address) => resolve(error?.name ?? address)),
      );
    expect(await look()).toBe('AddressRefused');
    process.env.WEBHOOKS_ALLOW_LOOPBACK = 'true';
    expect(await look()).toMatch(/^(127\.0\.0\.1|::1)$/);
  });

  test.each([
    ['https://example.com/a?b', true],
    ['http://example.com', false],
    ['ftp://example.com', false],
    ['https://user@example.com', false],
    ['https://', false],
    ['', false],
  ])('the URL %s: %s', (url, allowed) => {
    expect(isAllowedUrl(url)).toBe(allowed);
  });
});

describe('retries', () => {
  const middle = () => 0.5;

  test('follow the schedule of Standard Webhooks', () => {
    const seconds = Array.from({ length: 10 }, (_, at) => nextDelay(at + 1, 0, middle)).map(
      (delay) => delay && delay / 1_000,
    );
    expect(seconds).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, undefined]);
  });

  test('are at most a tenth off, and never before the receiver wants them, up to a day', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(200_000_000), random, (attempt, wanted, chance) => {
        const planned = nextDelay(attempt, 0, middle) ?? 0;
        const delay = nextDelay(attempt, wanted, () => chance) ?? 0;
        expect(delay).toBeGreaterThanOrEqual(Math.min(wanted, 86_400_000));
        expect(delay).toBeLessThanOrEqual(Math.max(planned * 1.1 + 1, Math.min(wanted, 86_400_000)));
        expect(nextDelay(attempt, 0, () => chance)).toBeGreaterThanOrEqual(planned * 0.9 - 1);
      }),
    );
  });
});

test('the signature is that of the Standard Webhooks example', () => {
  // https://github.com/standard-webhooks/standard-webhooks: the test vector of its libraries.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  expect(signDelivery(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}')).toBe(
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

test('patterns choose events by name, by entity, or all', () => {
  expect(eventTypes.filter((type) => isWanted(['contact.*', 'task.dead'], type))).toEqual([
    'contact.created',
    'contact.updated',
    'contact.deleted',
    'contact.restored',
    'contact.merged',
    'task.dead',
  ]);
  expect(eventTypes.every((type) => isWanted(['*'], type))).toBe(true);
});
