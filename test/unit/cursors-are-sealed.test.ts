import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeCursor, encodeCursor } from '../../functions/shared/cursor.ts';
import { fc } from '../support/property.ts';

beforeAll(() => {
  process.env.CURSOR_KEY = 'a key of this test';
});

const position = fc.array(fc.string(), { minLength: 1, maxLength: 3 });

describe('a cursor', () => {
  test('comes back as it was, in its own scope', () => {
    fc.assert(
      fc.property(position, fc.string(), (at, scope) => {
        expect(decodeCursor(encodeCursor(at, scope), scope)).toEqual(at);
      }),
    );
  });

  test('is refused in any other scope', () => {
    fc.assert(
      fc.property(position, fc.string(), fc.string(), (at, scope, other) => {
        fc.pre(scope !== other);
        expect(() => decodeCursor(encodeCursor(at, scope), other)).toThrow('altered');
      }),
    );
  });

  test('is refused when any character is changed', () => {
    fc.assert(
      fc.property(position, fc.nat(), fc.constantFrom('A', 'b', '9', '_', '.'), (at, where, character) => {
        const cursor = encodeCursor(at, 'scope');
        const index = where % cursor.length;
        fc.pre(cursor[index] !== character);
        const changed = cursor.slice(0, index) + character + cursor.slice(index + 1);
        expect(() => decodeCursor(changed, 'scope')).toThrow('altered');
      }),
    );
  });

  test('of rubbish is refused, not a crash', () => {
    fc.assert(
      fc.property(fc.string(), (rubbish) => {
        expect(() => decodeCursor(rubbish, 'scope')).toThrow('altered');
      }),
    );
  });
});
