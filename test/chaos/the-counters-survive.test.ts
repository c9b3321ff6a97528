import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { countersUnderCrashes, type Recounted } from './scenarios/counters-under-crashes.ts';
import { type ChaosStack, startStack } from './support/stack.ts';

let stack: ChaosStack;

beforeAll(async () => {
  stack = await startStack();
}, 150_000);

afterAll(() => stack?.stop(), 60_000);

describe('Killing what follows writes, what recounts them and the database, while writes go on', () => {
  let found: Recounted;
  beforeAll(async () => {
    found = await countersUnderCrashes(stack);
  });
  test('leaves counters that equal a recount', () => {
    expect(found.counted).toEqual(found.recount);
  });
  test('leaves a rebuild that ends and finds nothing to correct', () => {
    const fine = { state: 'completed', corrected: 0 };
    expect(found.rebuilds).toEqual([fine, fine]);
  });
});
