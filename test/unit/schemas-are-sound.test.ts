import { describe, expect, test } from '@jest/globals';
import { longestText, repeatsRepetition } from '../../functions/tasks/types/check-pattern.ts';
import { checkSchema } from '../../functions/tasks/types/check-schema.ts';
import type { JsonSchema } from '../../functions/tasks/types/definition.ts';

const check = (schema: unknown) => checkSchema(schema as JsonSchema, '/inputSchema');
const nested = (depth: number): JsonSchema => (depth === 0 ? {} : { items: nested(depth - 1) });
/** `allOf` of two references to `allOf` of two references …: two to the power of 30 schemas for one value. */
const doubling = () => {
  const levels = Array.from({ length: 30 }, (_, at) => {
    const next = { $ref: `#/$defs/d${at + 1}` };
    return [`d${at}`, at === 29 ? {} : { allOf: [next, next] }];
  });
  return { $ref: '#/$defs/d0', $defs: Object.fromEntries(levels) };
};

describe('a schema is registered', () => {
  test.each([
    ['true', true],
    ['an empty one', {}],
    [
      'one with a dialect and a name',
      { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: 'https://a.example/s' },
    ],
    [
      'a list that refers to itself',
      { $defs: { n: { properties: { next: { $ref: '#/$defs/n' } } } }, $ref: '#/$defs/n' },
    ],
    ['a reference to the root from a part', { properties: { child: { $ref: '#' } } }],
    ['an anchor', { $defs: { a: { $anchor: 'money', type: 'integer' } }, items: { $ref: '#money' } }],
    ['names that need escaping', { $defs: { 'a/b~c d': {} }, $ref: '#/$defs/a~1b~0c%20d' }],
    [
      'annotations and names of one’s own',
      { title: 'x', examples: [1], default: {}, deprecated: true, 'x-form': { $ref: 5 } },
    ],
    [
      'a property that is called like a keyword',
      { properties: { $ref: { type: 'string' }, pattern: {}, type: {} } },
    ],
    ['an ordinary pattern', { pattern: '^[A-Z]{2}\\d{2}(?:-[a-z]+)*$' }],
    ['a slow pattern on short texts', { pattern: '^[^@]+@[^@]+\\.[^@]+$', maxLength: 254 }],
    ['schemas in 31 schemas', nested(31)],
  ])('%s', (_what, schema) => {
    expect(check(schema)).toEqual([]);
  });
});

describe('a schema is refused', () => {
  test.each([
    [
      'a misspelt keyword',
      { properties: { x: { requird: [] } } },
      '/properties/x/requird',
      'did you mean required?',
    ],
    ['an unknown keyword', { discriminator: 1 }, '/discriminator', 'begin names of your own with x-'],
    ['a keyword of another draft', { definitions: {} }, '/definitions', 'use $defs'],
    ['tuples of another draft', { items: [{}] }, '/items', 'must be a schema'],
    ['nullable', { nullable: true }, '/nullable', '["string", "null"]'],
    ['a type that does not exist', { type: 'int' }, '/type', 'must be one of null, boolean'],
    ['no types', { type: [] }, '/type', 'must be one of'],
    ['an empty allOf', { allOf: [] }, '/allOf', 'not empty'],
    ['something else than a schema', { anyOf: [{}, 5] }, '/anyOf/1', 'must be a schema'],
    ['something else than schemas by name', { properties: [] }, '/properties', 'by name'],
    ['required of older drafts', { required: true }, '/required', 'array of names'],
    ['names twice', { required: ['a', 'a'] }, '/required', 'each once'],
    ['a negative length', { minLength: -1 }, '/minLength', 'not negative'],
    ['a fraction of items', { maxItems: 1.5 }, '/maxItems', 'whole number'],
    ['a bound as text', { minimum: '1' }, '/minimum', 'must be a number'],
    ['a multiple of nothing', { multipleOf: 0 }, '/multipleOf', 'above 0'],
    ['a format that is not checked', { format: 'credit-card' }, '/format', 'not a format that is checked'],
    ['another dialect', { $schema: 'http://json-schema.org/draft-07/schema#' }, '/$schema', '2020-12'],
    [
      'a reference elsewhere',
      { $ref: 'https://a.example/s.json' },
      '/$ref',
      'nothing is fetched from elsewhere',
    ],
    ['a reference to a file', { $ref: 'other.json#/$defs/x' }, '/$ref', 'must begin with #'],
    ['a reference to nothing', { $ref: '#/$defs/x' }, '/$ref', 'leads nowhere'],
    [
      'a reference to what is no schema',
      { const: { a: {} }, items: { $ref: '#/const/a' } },
      '/items/$ref',
      'leads nowhere',
    ],
    ['an anchor that is not there', { $ref: '#x' }, '/$ref', 'leads nowhere'],
    [
      'one anchor twice',
      { $defs: { a: { $anchor: 'x' }, b: { $anchor: 'x' } } },
      '/$defs/b/$anchor',
      'another schema',
    ],
    [
      'another base inside',
      { $defs: { a: { $id: 'https://evil.example/' } } },
      '/$defs/a/$id',
      'at the root only',
    ],
    ['dynamic references', { $dynamicRef: '#node' }, '/$dynamicRef', 'use $ref'],
    ['recursive references', { $recursiveRef: '#' }, '/$recursiveRef', 'use $ref'],
    ['the validator’s own marks', { __absolute_ref__: 'x' }, '/__absolute_ref__', 'is no keyword'],
    ['a reference to itself', { $ref: '#' }, '', 'without end'],
    [
      'a circle of references',
      { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: { anyOf: [{ $ref: '#' }] } } },
      '',
      'without end',
    ],
    ['references that multiply', doubling(), '/$defs/d20', 'for one value'],
    ['no pattern', { patternProperties: { '(': {} } }, '/patternProperties/(', 'Unterminated group'],
    ['a pattern that only works without u', { pattern: '\\-' }, '/pattern', 'with the u flag'],
    [
      'a pattern that doubles its time',
      { properties: { x: { pattern: '^(a+)+$' } } },
      '/properties/x/pattern',
      'repetition inside',
    ],
    ['the same with alternatives', { pattern: '^(a|a)*b$', maxLength: 100 }, '/pattern', 'repetition inside'],
    ['a slow pattern on long texts', { pattern: '^\\s*\\S+\\s*=\\S+$' }, '/pattern', 'maxLength'],
    [
      'a pattern that is slow on short texts',
      { pattern: '.*.*.*.*.*.*x', maxLength: 256 },
      '/pattern',
      'at most 10 ',
    ],
    [
      'a slow pattern for names',
      { patternProperties: { '^a*a*$': {} } },
      '/patternProperties/^a*a*$',
      'maxLength',
    ],
    [
      'too many schemas',
      { prefixItems: Array.from({ length: 1_100 }, () => ({})) },
      '/prefixItems/999',
      'more than 1000',
    ],
    ['too much nesting', nested(33), '/items'.repeat(32), 'nested deeper'],
    ['too many bytes', { description: 'x'.repeat(66_000) }, '', 'the limit is 65536'],
  ])('%s', (_what, schema, pointer, message) => {
    expect(check(schema)).toContainEqual({
      pointer: `/inputSchema${pointer}`,
      code: expect.stringMatching(/^[a-z_]+$/),
      message: expect.stringContaining(message),
    });
  });

  test('for numbers that cannot be compared with, and not for bounds', () => {
    const raw = JSON.rawJSON('123456789012345678901');
    expect(check({ enum: [1, raw] })).toMatchObject([{ pointer: '/inputSchema/enum/1' }]);
    expect(check({ const: { a: [raw] } })).toMatchObject([{ pointer: '/inputSchema/const' }]);
    expect(check({ maximum: raw })).toEqual([]);
  });

  test('in bounded time, however many patterns it has', () => {
    const slow = Array.from({ length: 500 }, (_, at) => ({ pattern: `^(x+x+${at})+y$` }));
    const begun = Date.now();
    expect(check({ anyOf: slow }).length).toBeGreaterThan(0);
    expect(Date.now() - begun).toBeLessThan(20_000);
  }, 60_000);
});

test.each([
  ['(a+)+', true],
  ['(?:a|b)*', true],
  ['(?:(a?)b){2,}', true],
  ['([(]a)*', false],
  ['(\\(a+\\))?', false],
  ['a+b*c{2,5}', false],
  ['(abc)+', false],
  ['(?:\\d{3})*', false],
  ['[(a+)+]', false],
])('%s has a repetition inside a repetition: %s', (pattern, expected) => {
  expect(repeatsRepetition(pattern)).toBe(expected);
});

test.each([
  ['^[^@]+@[^@]+\\.[^@]+$', 256],
  ['a+b+', 256],
  ['^(?:red|green|blue)\\d*$', 256],
  ['.*.*.*x', 64],
  ['^a*a*a*a*a*a*$', 16],
  ['^a{0,99}a{0,99}a{0,99}a{0,99}$', 64],
  [`^${'(?:a|a)'.repeat(30)}$`, 1],
])('%s is quick on texts of up to %d letters', (pattern, expected) => {
  expect(longestText(pattern)).toBe(expected);
  const begun = performance.now();
  for (const letter of 'a@ 1') new RegExp(pattern, 'u').test(letter.repeat(expected));
  expect(performance.now() - begun).toBeLessThan(10_000);
});
