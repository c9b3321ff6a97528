import { describe, expect, test } from '@jest/globals';
import { crmEntities } from '../../functions/crm/routes.ts';
import { isSearched, searchedFields } from '../../functions/shared/search/searched-fields.ts';
import {
  matchesTerms,
  narrowest,
  termsOf,
  type WordKind,
  wordsOf,
} from '../../functions/shared/search/words.ts';
import { fc } from '../support/property.ts';

const finds = (query: string, text: string, kind: WordKind) =>
  matchesTerms(wordsOf([{ text, kind }]), termsOf(query));

test('the fields that a search looks at are those that the definitions name', () => {
  const defined = crmEntities.map(({ entity, search }) => [entity, [...search].sort()]);
  const known = crmEntities.map(({ entity }) => [
    entity,
    isSearched(entity) ? Object.keys(searchedFields[entity]).sort() : [],
  ]);
  expect(defined).toEqual(known);
});

describe('a query finds', () => {
  test.each<[string, string, WordKind]>([
    ['ali smi', 'Smith, Alice', 'text'],
    ['ÅSE', 'Åse Röd', 'text'],
    ['strauss', 'Richard Strauß', 'text'],
    ['rogede', 'Røgede sild', 'text'],
    ['anne-m', 'Anne-Marie', 'text'],
    ['annem', 'Anne-Marie', 'text'],
    ['marie', 'Anne-Marie', 'text'],
    ["o'bri", 'O’Brien', 'text'],
    ['山田', '山田太郎', 'text'],
    ['ada@exa', 'ada@example.com', 'address'],
    ['lovelace', 'ada.lovelace@example.com', 'address'],
    ['example.com', 'ada@mail.example.com', 'address'],
    ['(206) 555-9857', '206.555.9857', 'phone'],
    ['555-98', '(206) 555-9857', 'phone'],
    ['+49 30 0074321', '+49300074321', 'phone'],
    ['ORD-000123', 'ORD-000123', 'number'],
    ['000123', 'ORD-000123', 'number'],
    ['123', 'ORD-000123', 'number'],
  ])('%j → %j', (query, text, kind) => {
    expect(finds(query, text, kind)).toBe(true);
  });

  test.each<[string, string, WordKind]>([
    ['ali jones', 'Alice Smith', 'text'],
    ['lice', 'Alice Smith', 'text'],
    ['com', 'ada@example.com', 'address'],
    ['124', 'ORD-000123', 'number'],
  ])('not %j → %j', (query, text, kind) => {
    expect(finds(query, text, kind)).toBe(false);
  });
});

test('what an e-mail says again of the name is kept once', () => {
  const name = { text: 'Ada Lovelace', kind: 'text' as const };
  const email = { text: 'ada.lovelace@example.com', kind: 'address' as const };
  expect(wordsOf([name, email])).toEqual(['ada', 'adalovelaceexamplecom', 'examplecom', 'lovelace']);
  expect(wordsOf([email])).toEqual(['adalovelaceexamplecom', 'examplecom', 'lovelaceexamplecom']);
});

test('what has no letter or digit asks for nothing', () => {
  expect(termsOf(' -- ! ')).toEqual([]);
  expect(wordsOf([{ text: ' -- ', kind: 'text' }])).toEqual([]);
});

test('a term that another one begins with is not looked for twice, and the longest gives the range', () => {
  expect(termsOf('al Alice al smi')).toEqual(['alice', 'smi']);
  expect(narrowest(['smi', 'alice'])).toBe('alice');
  expect(narrowest(['ada', 'hop'])).toBe('hop');
});

test('whatever a name is, it is found by each of its beginnings and has a bounded number of short words', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), (name) => {
      const words = wordsOf([{ text: name, kind: 'text' }]);
      expect(words.length).toBeLessThanOrEqual(25);
      expect(words.every((word) => word.length <= 40 && word.isWellFormed() && !word.includes('#'))).toBe(
        true,
      );
      const [token = ''] = name.split(/\s+/);
      for (let length = 1; length <= Math.min(token.length, 10); length += 1) {
        const query = token.slice(0, length);
        if (query.isWellFormed() && words.length < 25) expect(matchesTerms(words, termsOf(query))).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});
