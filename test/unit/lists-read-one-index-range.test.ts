import { describe, expect, test } from '@jest/globals';
import { contact } from '../../functions/crm/contacts/contact.ts';
import { firstIdAt } from '../../functions/shared/ids.ts';
import { parseListQuery } from '../../functions/shared/list/parse-list-query.ts';
import { planList } from '../../functions/shared/list/plan-list.ts';

const plan = (query: Record<string, string>) =>
  planList(parseListQuery(query, contact.list), contact.list, 't1');

describe('a list of contacts', () => {
  test('reads the newest changes first when nothing is asked for', () => {
    expect(plan({})).toMatchObject({ source: { index: 'byUpdated' }, residual: [] });
    expect(plan({}).key).toEqual({
      text: '#pk = :pk',
      names: { '#pk': 'updatedPk' },
      values: { ':pk': 't1#contact' },
    });
  });

  test.each([
    ['stage', 'customer', 'byStage'],
    ['status', 'active', 'byStatus'],
    ['ownerId', 'u1', 'byOwner'],
    ['companyId', 'com_1', 'byCompany'],
  ])('filtered by %s reads only its partition', (field, value, index) => {
    const { source, key, residual } = plan({ [field]: value });
    expect(source.index).toBe(index);
    expect(key.values?.[':pk']).toBe(`t1#contact#${value}`);
    expect(residual).toEqual([]);
  });

  test('by a range of changes is a key range', () => {
    const { key, residual } = plan({
      stage: 'lead',
      'updatedAt[gte]': '2026-01-01',
      'updatedAt[lt]': '2026-02-01T00:00:00+01:00',
    });
    expect(key.text).toBe('#pk = :pk AND #sk BETWEEN :lower AND :upper');
    expect(key.values).toMatchObject({
      ':lower': '2026-01-01T00:00:00.000Z',
      ':upper': '2026-01-31T23:00:00.000Z',
    });
    expect(residual).toEqual([]);
  });

  test('by a range of creation uses the time in the ids', () => {
    const { source, key } = plan({ sort: 'createdAt', 'createdAt[gte]': '2026-01-01' });
    expect(source.index).toBeUndefined();
    expect(key.values?.[':lower']).toBe(firstIdAt('con', Date.parse('2026-01-01')));
  });

  test('by the beginning of a name goes to the names, whatever their case and accents', () => {
    const { source, key } = plan({ 'name[prefix]': 'ÖZ' });
    expect(source.index).toBe('byName');
    expect(key.values).toMatchObject({ ':lower': 'oz', ':upper': 'oz\u{10ffff}' });
  });

  test('keeps as a filter what the range does not answer', () => {
    const { residual } = plan({ stage: 'customer', 'createdAt[gte]': '2026-01-01', sort: '-updatedAt' });
    expect(residual.map(({ field }) => field)).toEqual(['createdAt']);
  });

  test('with a range that is empty asks for a range that DynamoDB accepts', () => {
    const { key } = plan({ 'updatedAt[gte]': '2026-02-01', 'updatedAt[lt]': '2026-01-01' });
    const { ':lower': lower, ':upper': upper } = key.values as Record<string, string>;
    expect(String(lower) <= String(upper)).toBe(true);
  });
});
