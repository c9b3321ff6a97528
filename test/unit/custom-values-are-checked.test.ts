import { describe, expect, test } from '@jest/globals';
import { checkCustom } from '../../functions/crm/custom-fields/check-custom.ts';
import type { CustomField, CustomFieldType } from '../../functions/crm/custom-fields/custom-field.ts';

const field = (name: string, type: CustomFieldType, more: Partial<CustomField> = {}): CustomField => ({
  entity: 'contact',
  name,
  type,
  label: name,
  description: null,
  required: false,
  options: type.endsWith('select') ? ['north', 'south'] : null,
  version: 1,
  createdAt: '',
  updatedAt: '',
  createdBy: '',
  updatedBy: '',
  ...more,
});

const check = (type: CustomFieldType, value: unknown) => {
  const { custom, errors } = checkCustom([field('it', type)], {}, { it: value });
  return errors.length > 0 ? errors : custom.it;
};

describe('a custom value', () => {
  test.each<[CustomFieldType, unknown, unknown]>([
    ['text', ' some words ', 'some words'],
    ['number', 0.1, 0.1],
    ['number', -12345678901234.5, -12345678901234.5],
    ['number', 0, 0],
    ['integer', -7, -7],
    ['boolean', false, false],
    ['date', '2028-02-29', '2028-02-29'],
    ['instant', '2026-01-31T09:30:00+02:00', '2026-01-31T07:30:00.000Z'],
    ['select', 'north', 'north'],
    ['multiselect', ['south', 'north'], ['south', 'north']],
    ['multiselect', [], []],
    ['url', 'https://example.com/a?b=c#d', 'https://example.com/a?b=c#d'],
    ['email', 'ada@example.com', 'ada@example.com'],
  ])('of the type %s takes %j', (type, value, stored) => {
    expect(check(type, value)).toEqual(stored);
  });

  test.each<[CustomFieldType, unknown]>([
    ['text', 7],
    ['text', 'x'.repeat(2_001)],
    ['number', '7'],
    ['number', 1e101],
    ['number', 1e-101],
    ['integer', 0.5],
    ['integer', 2 ** 53],
    ['boolean', 'true'],
    ['date', '2026-02-29'],
    ['date', '2026-01-31T00:00:00Z'],
    ['instant', '2026-01-31'],
    ['select', 'West'],
    ['multiselect', ['north', 'north']],
    ['multiselect', 'north'],
    ['multiselect', [['north']]],
    ['url', 'javascript:alert(1)'],
    ['url', 'https://'],
    ['email', 'ada'],
    ['text', { a: 1 }],
  ])('of the type %s refuses %j', (type, value) => {
    expect(check(type, value)).toEqual([
      expect.objectContaining({ pointer: expect.stringMatching(/^\/custom\/it/) }),
    ]);
  });
});

describe('custom values', () => {
  const fields = [field('region', 'select'), field('contractEnd', 'date', { required: true })];

  test('are merged: what is not named stays, null clears', () => {
    const before = { region: 'north', contractEnd: '2026-01-01', gone: 'kept' };
    expect(checkCustom(fields, before, { region: null })).toEqual({
      custom: { contractEnd: '2026-01-01', gone: 'kept' },
      errors: [],
    });
    expect(checkCustom(fields, before, { gone: null }).custom).not.toHaveProperty('gone');
    expect(checkCustom(fields, { region: 'an old option' }, {}).errors).toEqual([]);
  });

  test.each([
    ['an unknown name', {}, { regoin: 'north' }, 'unknown_field', '/custom/regoin'],
    ['an unknown name to clear', {}, { regoin: null }, 'unknown_field', '/custom/regoin'],
    ['a name that objects have', {}, { constructor: 'x' }, 'unknown_field', '/custom/constructor'],
    [
      'a required one to clear',
      { contractEnd: '2026-01-01' },
      { contractEnd: null },
      'required',
      '/custom/contractEnd',
    ],
    ['a required one that a new record lacks', undefined, {}, 'required', '/custom/contractEnd'],
    [
      'a required one that is null at once',
      undefined,
      { contractEnd: null },
      'required',
      '/custom/contractEnd',
    ],
    ['a new value of a deleted field', { gone: 'x' }, { gone: 'y' }, 'unknown_field', '/custom/gone'],
  ])('refuse %s', (_, before, given, code, pointer) => {
    expect(checkCustom(fields, before, given).errors).toEqual([expect.objectContaining({ code, pointer })]);
  });

  test('name the nearest field', () => {
    expect(checkCustom(fields, {}, { regoin: 'north' }).errors[0]?.message).toContain(
      'did you mean "region"?',
    );
  });

  test('have 8 KB together', () => {
    const many = Array.from({ length: 5 }, (_, at) => field(`text${at}`, 'text'));
    const given = Object.fromEntries(many.map(({ name }) => [name, 'x'.repeat(2_000)]));
    expect(checkCustom(many, undefined, given).errors).toEqual([
      expect.objectContaining({ pointer: '/custom' }),
    ]);
  });
});
