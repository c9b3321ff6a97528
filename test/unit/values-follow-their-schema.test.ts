import { beforeEach, describe, expect, test } from '@jest/globals';
import { parseLossless } from '../../functions/shared/json.ts';
import { checkSchema } from '../../functions/tasks/types/check-schema.ts';
import type { JsonSchema } from '../../functions/tasks/types/definition.ts';
import type { formatNames } from '../../functions/tasks/types/formats.ts';
import { timeLeft } from '../../functions/tasks/types/time-budget.ts';
import { validateValue } from '../../functions/tasks/types/validate-value.ts';
import { fc } from '../support/property.ts';

/** What is wrong with a value that came in as this text. */
function findings(schema: unknown, text: string) {
  expect(checkSchema(schema as JsonSchema, '')).toEqual([]);
  return validateValue(schema as JsonSchema, parseLossless(text), text.length, '/input');
}
const holds = (schema: unknown, value: unknown) => findings(schema, JSON.stringify(value)).length === 0;

let invocations = 0;
const nextInvocation = () => {
  invocations += 1;
  process.env._X_AMZN_TRACE_ID = `Root=1-${invocations}`;
};
beforeEach(nextInvocation);

/** keyword: schema, values that it holds for, values that it does not. */
const semantics: [string, JsonSchema, unknown[], unknown[]][] = [
  ['true', true, [null, 0, {}], []],
  ['false', false, [], [null, 0, {}]],
  ['type', { type: 'object' }, [{}], [null, [], 'x', 1]],
  ['type null', { type: 'null' }, [null], [0, false, '', {}]],
  ['several types', { type: ['string', 'null'] }, ['x', null], [0, []]],
  ['integer', { type: 'integer' }, [1, -1, 1.0, 1e20], [1.5, '1', true]],
  ['const', { const: { a: [1, { b: null }] } }, [{ a: [1, { b: null }] }], [{ a: [1, {}] }, {}]],
  ['const does not mix types', { const: 0 }, [0], [false, '0', null, [0]]],
  ['enum', { enum: ['a', null, [1]] }, ['a', null, [1]], ['b', 1, [2]]],
  ['multipleOf', { multipleOf: 0.01 }, [0.07, 19.99, 3], [0.075]],
  ['minimum', { minimum: 1, exclusiveMaximum: 2 }, [1, 1.5, 'x'], [0.9, 2]],
  ['lengths count characters', { minLength: 2, maxLength: 2 }, ['ab', '💡💡'], ['a', '💡', 'abc']],
  ['pattern is not anchored', { pattern: 'b+' }, ['abbc', 5], ['ac']],
  ['pattern knows Unicode', { pattern: '^\\p{Lu}$' }, ['Ä'], ['ä']],
  ['required', { required: ['a', 'toString'] }, [{ a: null, toString: 1 }, 'x'], [{ a: 1 }]],
  ['properties', { properties: { a: { type: 'string' } } }, [{}, { a: 'x' }, { b: 1 }], [{ a: 1 }]],
  [
    'additionalProperties sees its neighbours',
    { properties: { a: true }, patternProperties: { '^x-': true }, additionalProperties: false },
    [{ a: 1, 'x-y': 2 }],
    [{ b: 1 }],
  ],
  [
    'additionalProperties does not see allOf',
    { allOf: [{ properties: { a: true } }], additionalProperties: false },
    [{}],
    [{ a: 1 }],
  ],
  [
    'unevaluatedProperties does',
    { allOf: [{ properties: { a: true } }], unevaluatedProperties: false },
    [{ a: 1 }],
    [{ b: 1 }],
  ],
  [
    'unevaluatedProperties follows the branch that held',
    {
      anyOf: [
        { properties: { a: { const: 1 } }, required: ['a'] },
        { properties: { b: true }, required: ['b'] },
      ],
      unevaluatedProperties: false,
    },
    [{ a: 1 }, { b: 1 }],
    [{ a: 1, c: 1 }],
  ],
  ['propertyNames', { propertyNames: { maxLength: 2 } }, [{ ab: 1 }], [{ abc: 1 }]],
  ['dependentRequired', { dependentRequired: { a: ['b'] } }, [{}, { a: 1, b: 1 }], [{ a: 1 }]],
  [
    'dependentSchemas',
    { dependentSchemas: { a: { minProperties: 2 } } },
    [{ b: 1 }, { a: 1, b: 1 }],
    [{ a: 1 }],
  ],
  [
    'prefixItems and items',
    { prefixItems: [{ type: 'string' }], items: { type: 'number' } },
    [[], ['x'], ['x', 1]],
    [[1], ['x', 'y']],
  ],
  ['unevaluatedItems', { prefixItems: [true], unevaluatedItems: false }, [[], [1]], [[1, 2]]],
  ['contains', { contains: { type: 'string' } }, [['x', 1]], [[], [1]]],
  [
    'contains by number',
    { contains: { type: 'string' }, minContains: 2, maxContains: 3 },
    [['a', 1, 'b']],
    [['a'], ['a', 'b', 'c', 'd']],
  ],
  [
    'contains none',
    { contains: { type: 'string' }, minContains: 0, maxContains: 1 },
    [[], ['a']],
    [['a', 'b']],
  ],
  [
    'uniqueItems',
    { uniqueItems: true },
    [
      [1, '1', true, [1]],
      [
        { a: 1, b: 2 },
        { a: 2, b: 1 },
      ],
    ],
    [
      [1, 1],
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    ],
  ],
  ['uniqueItems in a branch', { anyOf: [{ uniqueItems: true }, { maxItems: 0 }] }, [[1, 2]], [[{}, {}]]],
  [
    'uniqueItems behind a reference',
    { properties: { t: { $ref: '#/$defs/t' } }, $defs: { t: { uniqueItems: true } } },
    [{ t: [1, 2] }],
    [{ t: [1, 1] }],
  ],
  ['oneOf', { oneOf: [{ type: 'number' }, { minimum: 3 }] }, [1, 'x'], [5]],
  ['not', { not: { type: 'string' } }, [1], ['x']],
  [
    'if, then, else',
    JSON.parse('{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}'),
    [{ a: 1, b: 1 }, { c: 1 }],
    [{ a: 1 }, {}],
  ],
  ['$ref has neighbours', { $ref: '#/$defs/a', minimum: 2, $defs: { a: { type: 'number' } } }, [2], [1, 'x']],
  [
    'recursion',
    { properties: { next: { $ref: '#' }, v: { type: 'integer' } } },
    [{ next: { next: { v: 1 } } }],
    [{ next: { next: { v: 'x' } } }],
  ],
  ['anchors', { items: { $ref: '#m' }, $defs: { m: { $anchor: 'm', type: 'integer' } } }, [[1]], [['x']]],
];

describe('JSON Schema 2020-12', () => {
  test.each(semantics)('%s', (_what, schema, valid, invalid) => {
    for (const value of valid) expect([value, holds(schema, value)]).toEqual([value, true]);
    for (const value of invalid) expect([value, holds(schema, value)]).toEqual([value, false]);
  });

  const formats: Record<(typeof formatNames)[number], [string[], string[]]> = {
    'date-time': [
      ['2026-02-28T10:00:00Z', '2026-02-28t10:00:00.123+01:00', '2016-12-31T23:59:60Z'],
      ['2026-02-29T10:00:00Z', '2026-02-28 10:00:00Z', '2026-02-28T10:00:00', '2026-02-28'],
    ],
    date: [['2024-02-29'], ['2026-02-29', '2026-2-1', '2026-13-01']],
    time: [
      ['10:00:00Z', '10:00:00+05:30'],
      ['10:00:00', '25:00:00Z'],
    ],
    duration: [
      ['P3DT4H', 'PT15M', 'P2W'],
      ['P', 'PT', '15M', 'P1D2H'],
    ],
    email: [
      ['ada@example.com', '"a b"@example.com'],
      ['ada', 'ada@', '@example.com', 'a..b@example.com'],
    ],
    hostname: [
      ['a.example', 'xn--bcher-kva.example'],
      ['-a.example', 'a_b', `${'a'.repeat(64)}.example`],
    ],
    ipv4: [['192.168.0.1'], ['256.1.1.1', '1.2.3', '::1']],
    ipv6: [
      ['::1', '2001:db8::8a2e:370:7334', '::ffff:1.2.3.4'],
      ['1::2::3', '12345::', '1.2.3.4'],
    ],
    uri: [
      ['https://a.example/x?y#z', 'urn:isbn:1'],
      ['/x', 'a b', '//a.example'],
    ],
    'uri-reference': [
      ['/x', '#frag', 'https://a.example'],
      ['a b', '\\\\x'],
    ],
    uuid: [['2eb8aa08-aa98-11ea-b4aa-73b441d16380'], ['2eb8aa08aa9811eab4aa73b441d16380', 'x']],
    'json-pointer': [
      ['', '/a~1b/0'],
      ['a', '/~2'],
    ],
    'relative-json-pointer': [
      ['0', '1/a', '2#'],
      ['-1', '/a'],
    ],
    regex: [['^[a-z]+$'], ['(', '[']],
  };
  test.each(Object.entries(formats))('format %s', (format, [valid, invalid]) => {
    for (const value of valid) expect([value, holds({ format }, value)]).toEqual([value, true]);
    for (const value of invalid) expect([value, holds({ format }, value)]).toEqual([value, false]);
    expect(holds({ format }, 5)).toBe(true);
  });
});

describe('numbers of any length', () => {
  test.each([
    [{ type: 'integer' }, '123456789012345678901', true],
    [{ type: 'number' }, '0.12345678901234567890123', true],
    [{ type: ['integer', 'null'] }, '1e400', true],
    [{ type: 'string' }, '123456789012345678901', false],
    [{ minimum: 0 }, '-123456789012345678901', false],
    [{ type: 'object', required: ['n'] }, '{"n":123456789012345678901}', true],
    [{ type: 'object' }, '123456789012345678901', false],
    [{ uniqueItems: true }, '[123456789012345678901,123456789012345678902]', true],
    [{ uniqueItems: true }, '[123456789012345678901,123456789012345678901]', false],
  ])('%j and %s: %s', (schema, text, valid) => {
    expect(findings(schema, text).length === 0).toBe(valid);
  });
});

describe('findings', () => {
  const order = {
    type: 'object',
    required: ['to', 'items'],
    properties: {
      to: { type: 'string', format: 'email' },
      items: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: {
          type: 'object',
          required: ['sku'],
          properties: {
            sku: { type: 'string', pattern: '^[A-Z]+$', maxLength: 5 },
            n: { type: 'integer', minimum: 1 },
          },
          additionalProperties: false,
        },
      },
      payment: {
        oneOf: [
          { properties: { kind: { const: 'card' }, last4: { type: 'string' } }, required: ['kind', 'last4'] },
          { properties: { kind: { const: 'iban' }, iban: { type: 'string' } }, required: ['kind', 'iban'] },
        ],
      },
    },
  };
  const at = (value: unknown) =>
    findings(order, JSON.stringify(value)).map(
      ({ pointer, code, message }) => `${pointer} ${code}: ${message}`,
    );

  test('name every cause with its place, and nothing that follows from it', () => {
    expect(at({ items: [{ sku: 'a' }, { sku: 'TOOLONG', n: 0.5, x: 1 }, { sku: 'a' }] })).toEqual([
      '/input/to required: is required',
      '/input/items/0/sku invalid_format: must match the pattern ^[A-Z]+$',
      '/input/items/1/sku too_long: must have at most 5 characters',
      '/input/items/1/n invalid_type: must be an integer, not a number',
      '/input/items/1/n too_small: must be at least 1',
      '/input/items/1/x not_allowed: is not allowed by the schema',
      '/input/items/2/sku invalid_format: must match the pattern ^[A-Z]+$',
      '/input/items/2 duplicate: is the same as item 0',
    ]);
    expect(at([])).toEqual(['/input invalid_type: must be an object, not an array']);
  });

  test('are those of the branch that was meant', () => {
    const withPayment = (payment: unknown) => at({ to: 'a@b.example', items: [{ sku: 'A' }], payment });
    expect(withPayment({ kind: 'iban' })).toEqual(['/input/payment/iban required: is required']);
    expect(withPayment({ kind: 'card', last4: 5 })).toEqual([
      '/input/payment/last4 invalid_type: must be a string, not a number',
    ]);
    expect(withPayment({ kind: 'cash' })).toEqual([
      '/input/payment invalid_value: has none of the allowed forms',
    ]);
  });

  test('point to members of any name', () => {
    const schema = { properties: { 'a/b~c#d%e ü': { type: 'string' } } };
    expect(findings(schema, '{"a/b~c#d%e ü":1}')).toMatchObject([{ pointer: '/input/a~1b~0c#d%e ü' }]);
    const proto = parseLossless('{"properties":{"__proto__":{"type":"string"}},"required":["constructor"]}');
    expect(findings(proto, '{"__proto__":1}').map(({ pointer }) => pointer)).toEqual([
      '/input/constructor',
      '/input/__proto__',
    ]);
  });

  test('are at most twenty', () => {
    expect(findings({ items: { type: 'string' } }, JSON.stringify(Array(50_000).fill(1)))).not.toHaveLength(
      0,
    );
    expect(findings({ items: { type: 'string' } }, JSON.stringify(Array(500).fill(1)))).toHaveLength(20);
  });
});

describe('time', () => {
  const tooComplex = [{ pointer: '/input', code: 'too_complex', message: expect.any(String) }];
  const within = <T>(millis: number, job: () => T): T => {
    const begun = Date.now();
    const answer = job();
    expect(Date.now() - begun).toBeLessThan(millis);
    return answer;
  };

  /** The time is real, and others may have the processor: what is quick by nature is quick in one of a few tries. */
  const quickly = (schema: unknown, text: string): ReturnType<typeof findings> => {
    for (let attempt = 1; ; attempt += 1) {
      nextInvocation();
      const found = findings(schema, text);
      if (attempt === 6 || !found.some(({ code }) => code === 'too_complex')) return found;
    }
  };

  test('is bounded for values that a schema takes apart in ever more ways', () => {
    const part = { properties: { a: { $ref: '#' } } };
    const schema = { anyOf: [{ ...part, required: ['b'] }, part] };
    let text = '{"x":1}';
    for (let depth = 0; depth < 60; depth += 1) text = `{"a":${text}}`;
    expect(within(30_000, () => findings(schema, text))).toEqual(tooComplex);
    // A batch has up to a hundred of them.
    within(30_000, () => Array.from({ length: 5 }, () => findings(schema, text)));
  });

  test('is bounded for schemas that use one another twice, without recursion', () => {
    const level = (at: number) => ({ properties: { a: { $ref: `#/$defs/d${at + 1}` } } });
    const defs = Array.from({ length: 28 }, (_, at) => [
      `d${at}`,
      at === 27 ? false : { anyOf: [level(at), level(at)] },
    ]);
    const schema = { anyOf: [{ $ref: '#/$defs/d0' }], $defs: Object.fromEntries(defs) };
    let text = '{}';
    for (let depth = 0; depth < 27; depth += 1) text = `{"a":${text}}`;
    expect(within(30_000, () => findings(schema, text))).toEqual(tooComplex);
  });

  test('is bounded for arrays that are compared item by item', () => {
    const items = Array.from({ length: 8_000 }, (_, id) => ({ id }));
    const rows = { anyOf: [{ uniqueItems: true }] };
    expect(within(30_000, () => findings(rows, JSON.stringify(items)))).toEqual(tooComplex);
  });

  test('is bounded for an invocation that checks values of many slow schemas', () => {
    const text = JSON.stringify('z'.repeat(256));
    // Refused when a type is registered; types from before have it still.
    const pattern = '.*.*.*.*.*.*x';
    const check = () => validateValue({ pattern, maxLength: 256 }, JSON.parse(text), text.length, '/input');
    const begun = Date.now();
    for (let count = 0; count < 30; count += 1) expect(check()).toEqual(tooComplex);
    expect(Date.now() - begun).toBeLessThan(20_000);
    // Ordinary ones go on.
    const rows = Array.from({ length: 2_000 }, (_, id) => ({ id, name: 'x' }));
    const ordinary = { items: { properties: { id: { type: 'integer' }, name: { type: 'string' } } } };
    expect(findings(ordinary, JSON.stringify(rows.slice(0, 10)))).toEqual([]);
    expect(timeLeft()).toBe(0);
    nextInvocation();
    expect(timeLeft()).toBeGreaterThan(1_000);
    expect(quickly(ordinary, JSON.stringify(rows))).toEqual([]);
  }, 60_000);

  test('is bounded for nesting that would use up the stack', () => {
    let text = '1';
    for (let depth = 0; depth < 990; depth += 1) text = `[${text}]`;
    const found = within(30_000, () => findings({ items: { allOf: [{ $ref: '#' }] } }, text));
    if (found.length > 0) expect(found).toEqual(tooComplex);
  });

  test('does not grow with the square of an array', () => {
    const items = Array.from({ length: 10_000 }, (_, id) => ({ id }));
    const schema = { properties: { rows: { type: 'array', uniqueItems: true } } };
    expect(quickly(schema, JSON.stringify({ rows: items }))).toEqual([]);
  });

  test('is not spent on messages, nor on asking the same twice', () => {
    const choices = Array.from({ length: 1_000 }, (_, at) => `choice ${at}`);
    const picks = { items: { anyOf: [{ enum: choices }, { type: 'string' }] } };
    const texts = JSON.stringify(Array.from({ length: 500 }, (_, at) => `other ${at}`));
    expect(quickly(picks, texts)).toEqual([]);
    expect(findings({ enum: ['a', 'b'] }, '1')).toMatchObject([{ message: 'must be one of: "a", "b"' }]);
    const unique = { allOf: Array.from({ length: 900 }, () => ({ uniqueItems: true })) };
    expect(quickly(unique, texts)).toEqual([]);
    const none = { items: { anyOf: [{ type: 'null' }, { type: 'boolean' }] } };
    const many = JSON.stringify(Array.from({ length: 20_000 }, () => 1));
    expect(quickly(none, many).length).toBeGreaterThan(0);
  });

  test('is not spent on a slow pattern when the text is too long for it', () => {
    const schema = { pattern: '^[^@]+@[^@]+\\.[^@]+$', maxLength: 254 };
    const text = JSON.stringify(`a@${'.'.repeat(250_000)}`);
    expect(quickly(schema, text)).toMatchObject([{ code: 'too_long' }]);
  });
});

describe('for any value', () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  type Simple = {
    type?: string;
    required?: string[];
    minimum?: number;
    maxLength?: number;
    items?: Simple;
    properties?: Record<string, Simple>;
  };
  const simple = fc.letrec<{ schema: Simple }>((tie) => ({
    schema: fc.record(
      {
        type: fc.constantFrom('object', 'array', 'string', 'number', 'boolean', 'null'),
        required: fc.uniqueArray(fc.constantFrom('a', 'b', ''), { maxLength: 2 }),
        minimum: fc.integer({ min: -3, max: 3 }),
        maxLength: fc.nat(3),
        items: fc.option(tie('schema'), { nil: undefined, maxDepth: 2 }),
        properties: fc.option(fc.record({ a: tie('schema'), b: tie('schema') }), {
          nil: undefined,
          maxDepth: 2,
        }),
      },
      { requiredKeys: [] },
    ),
  })).schema;

  const kind = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
  /** The same rules, written down as plainly as they can be. */
  function naive(schema: Simple, value: unknown): boolean {
    if (schema.type && kind(value) !== schema.type) return false;
    if (schema.minimum !== undefined && typeof value === 'number' && value < schema.minimum) return false;
    if (schema.maxLength !== undefined && typeof value === 'string' && [...value].length > schema.maxLength)
      return false;
    if (Array.isArray(value)) return value.every((item) => !schema.items || naive(schema.items, item));
    if (kind(value) !== 'object') return true;
    const object = value as Record<string, unknown>;
    return (
      (schema.required ?? []).every((name) => Object.hasOwn(object, name)) &&
      Object.entries(schema.properties ?? {}).every(
        ([name, inner]) => !Object.hasOwn(object, name) || naive(inner, object[name]),
      )
    );
  }
  const value = fc.oneof(json, fc.dictionary(fc.constantFrom('a', 'b', ''), json, { noNullPrototype: true }));

  test('the verdict is that of the rules written down plainly', () => {
    fc.assert(
      fc.property(simple, value, (drawn, given) => {
        const schema = JSON.parse(JSON.stringify(drawn)) as Simple;
        const text = JSON.stringify(given);
        expect(findings(schema, text).length === 0).toBe(naive(schema, JSON.parse(text)));
      }),
      { numRuns: 300 },
    );
  });

  test('a schema of nothing but that value holds for it, and the value is left as it was', () => {
    fc.assert(
      fc.property(json, (given) => {
        const text = JSON.stringify(given);
        const plain = JSON.parse(text);
        expect(validateValue({ const: plain }, JSON.parse(text), text.length, '')).toEqual([]);
        expect(validateValue({ not: { const: plain } }, JSON.parse(text), text.length, '')).toHaveLength(1);
        expect(JSON.stringify(plain)).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
});
