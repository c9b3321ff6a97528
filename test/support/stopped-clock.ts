import { jest } from '@jest/globals';

/**
 * Stops `Date` at the present; timers go on. A test moves it with `jest.setSystemTime` instead of waiting, and ends it
 * with `jest.useRealTimers`. Not for what waits until a time has come: it never would.
 */
export function stopClock(): void {
  jest.useFakeTimers({
    now: Date.now(),
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
}
