import { describe, expect, test } from '@jest/globals';
import {
  checkSubscriptionFilter,
  matchesFilter,
  toSubscriptionFilter,
} from '../../local/appsync/subscription-filter.ts';

const one = (fieldName: string, operator: string, value: unknown) => ({
  filterGroup: [{ filters: [{ fieldName, operator, value }] }],
});
const published = {
  type: 'task',
  count: 5,
  tags: ['a', 'b'],
  open: true,
  nothing: null,
  owner: { id: 'u1' },
};

describe('filter operators', () => {
  test.each<[string, string, unknown, boolean]>([
    ['type', 'eq', 'task', true],
    ['type', 'eq', 'contact', false],
    ['count', 'eq', '5', false],
    ['open', 'eq', true, true],
    ['type', 'ne', 'contact', true],
    ['count', 'gt', 4, true],
    ['count', 'gt', 5, false],
    ['count', 'ge', 5, true],
    ['count', 'lt', 5, false],
    ['count', 'le', 5, true],
    ['count', 'lt', '9', false],
    ['count', 'between', [5, 7], true],
    ['count', 'between', [6, 7], false],
    ['type', 'beginsWith', 'ta', true],
    ['type', 'contains', 'as', true],
    ['tags', 'contains', 'a', true],
    ['tags', 'contains', 'c', false],
    ['tags', 'notContains', 'c', true],
    ['tags', 'containsAny', ['x', 'b'], true],
    ['type', 'in', ['task', 'contact'], true],
    ['type', 'in', ['contact'], false],
    ['type', 'notIn', ['contact'], true],
    ['owner.id', 'eq', 'u1', true],
    ['owner.name.first', 'eq', 'u1', false],
    ['nothing', 'eq', null, true],
    ['nothing', 'in', ['a'], false],
    ['missing', 'eq', 'x', false],
    ['missing', 'ne', 'x', true],
    ['missing', 'notIn', ['x'], true],
  ])('%s %s %p is %p', (fieldName, operator, value, expected) => {
    expect(matchesFilter(one(fieldName, operator, value), published)).toBe(expected);
  });

  test('any group, all filters of it', () => {
    const task = { fieldName: 'type', operator: 'eq', value: 'task' };
    const many = { fieldName: 'count', operator: 'gt', value: 100 };
    expect(matchesFilter({ filterGroup: [{ filters: [task, many] }] }, published)).toBe(false);
    expect(matchesFilter({ filterGroup: [{ filters: [many] }, { filters: [task] }] }, published)).toBe(true);
  });

  test.each([
    ['no group', { filterGroup: [] }, /1 to 10 groups/],
    ['an empty group', { filterGroup: [{ filters: [] }] }, /at least one filter/],
    ['an unknown operator', one('a', 'like', 'b'), /unknown operator like/],
    ['a long list', one('a', 'in', [1, 2, 3, 4, 5, 6]), /list of at most 5/],
    ['nothing', null, /filterGroup/],
  ])('%s is refused', (_, filter, message) => {
    expect(() => checkSubscriptionFilter(filter)).toThrow(message);
  });
});

describe('util.transform.toSubscriptionFilter', () => {
  const rule = (fieldName: string, operator: string, value: unknown) => ({ fieldName, operator, value });
  test('fields are joined by and; or makes groups; fixed rules join each of them', () => {
    const filter = {
      type: { eq: 'task' },
      count: { ge: 1, le: 9 },
      or: [{ state: { eq: 'ready' } }, { state: { eq: 'dead' }, and: [{ tag: { eq: 'x' } }] }],
      secret: { eq: 1 },
    };
    const base = [rule('type', 'eq', 'task'), rule('count', 'ge', 1), rule('count', 'le', 9)];
    const tenant = rule('tenantId', 'eq', 't');
    expect(toSubscriptionFilter(filter, ['secret'], { tenantId: { eq: 't' } })).toEqual({
      filterGroup: [
        { filters: [...base, rule('state', 'eq', 'ready'), tenant] },
        { filters: [...base, rule('state', 'eq', 'dead'), rule('tag', 'eq', 'x'), tenant] },
      ],
    });
  });

  test('two alternatives within and multiply', () => {
    const either = (field: string) => ({ or: [{ [field]: { eq: 1 } }, { [field]: { eq: 2 } }] });
    expect(toSubscriptionFilter({ and: [either('a'), either('b')] }).filterGroup).toHaveLength(4);
  });
});
