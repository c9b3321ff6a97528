import { describe, expect, test } from '@jest/globals';
import { scorePair } from '../../functions/crm/duplicates/score-pair.ts';
import { mergeRecords, unmergeRecord } from '../../functions/crm/merge/merge-fields.ts';
import type { CrmRecord } from '../../functions/crm/records/entity.ts';
import { blocksOf } from '../../functions/shared/duplicates/block-keys.ts';

const { contact } = await import('../../functions/crm/contacts/contact.ts');

const at = 'com_1';
const person = (name: string, more: object = {}) => ({ name, companyId: at, ...more });

describe('two contacts', () => {
  test.each([
    [
      'other spellings of one number',
      ['Jo', { phone: '030-0074321' }],
      ['Jo', { phone: '+49 30 0074321' }],
      85,
      100,
    ],
    [
      'a number that a family shares',
      ['Ann', { phone: '030-0074321' }],
      ['Bob', { phone: '0300074321' }],
      35,
      45,
    ],
    [
      'extensions of one number',
      ['Ann', { phone: '0300074321x1' }],
      ['Bob', { phone: '0300074321x2' }],
      0,
      0,
    ],
    [
      'a tagged address',
      ['Ann', { email: 'a.nn+crm@x.example' }],
      ['A', { email: 'ann@x.example' }],
      90,
      100,
    ],
    [
      'one mailbox name at two domains',
      ['Ann', { email: 'ann@x.example' }],
      ['B', { email: 'ann@y.example' }],
      50,
      50,
    ],
    ['one name', ['Maria Anders', {}], ['María ANDERS', {}], 80, 80],
    ['the parts in another order', ['Anders Maria', {}], ['Maria Anders', {}], 80, 80],
    ['a slip of the pen', ['Jon Smith', {}], ['John Smith', {}], 65, 79],
    ['swapped letters', ['Jonh Smith', {}], ['John Smith', {}], 65, 79],
    ['an initial', ['M. Anders', {}], ['Maria Anders', {}], 65, 79],
    ['a middle name', ['Maria Eva Anders', {}], ['Maria Anders', {}], 70, 79],
    ['one name at different companies', ['Ann Lee', { companyId: 'com_2' }], ['Ann Lee', {}], 30, 30],
    ['brothers', ['Jon Smith', {}], ['Bob Smith', {}], 0, 0],
    ['a first name alone', ['Maria', {}], ['Maria Anders', {}], 0, 0],
    ['nothing in common', ['Ann', {}], ['Bob', {}], 0, 0],
  ] as const)('with %s are scored as likely as they are the same', (_what, a, b, least, most) => {
    const pair = [person(a[0], a[1]), person(b[0], b[1])] as const;
    const { score } = scorePair(...pair);
    expect(score).toBeGreaterThanOrEqual(least);
    expect(score).toBeLessThanOrEqual(most);
    expect(scorePair(pair[1], pair[0]).score).toBe(score);
    // What is likely has to meet in a block.
    const shared = blocksOf(pair[0]).filter(({ kind, key }) =>
      blocksOf(pair[1]).some((other) => other.kind === kind && other.key === key),
    );
    if (score >= 60) expect(shared).not.toEqual([]);
  });

  test('of a public mail provider share no block for it', () => {
    const mail = (name: string) => ({ name, email: `${name.replace(' ', '')}@gmail.com` });
    expect(blocksOf(mail('Ann Lee')).map(({ kind }) => kind)).toEqual(['email']);
  });
});

describe('merged fields', () => {
  const record = (id: string, values: object): CrmRecord => ({
    ...{ id, version: 1, createdAt: '', updatedAt: '', createdBy: '', updatedBy: '' },
    ...Object.fromEntries(contact.fields.map((field) => [field, contact.defaults[field] ?? null])),
    ...values,
  });
  const a = record('a', {
    ...{ name: 'A', email: 'a@x.example', tags: ['x'], notes: 'One.', custom: { size: 1 } },
    lastContactedAt: '2026-01-01T00:00:00.000Z',
  });
  const b = record('b', {
    ...{
      name: 'B',
      email: 'B@x.example',
      phone: '030 1234567',
      title: 'Boss',
      tags: ['x', 'y'],
      notes: 'Two.',
    },
    ...{ custom: { size: 2, shoe: 'left' }, lastContactedAt: '2026-03-01T00:00:00.000Z', mergedIds: ['z'] },
    otherEmails: ['z@x.example'],
  });

  test('are those of the primary, filled, joined or chosen', () => {
    expect(mergeRecords(contact, a, [b], { name: 'b', email: 'b' })).toMatchObject({
      ...{ id: 'a', name: 'B', email: 'B@x.example', phone: '030 1234567', title: 'Boss', tags: ['x', 'y'] },
      ...{ notes: 'One.\n\nTwo.', lastContactedAt: '2026-03-01T00:00:00.000Z' },
      ...(contact.fields.includes('custom') && { custom: { size: 1, shoe: 'left' } }),
      ...{ mergedIds: ['b', 'z'], otherEmails: ['a@x.example', 'z@x.example'], otherPhones: null },
    });
    const long = { notes: 'n'.repeat(15_000) };
    const cut = mergeRecords(
      contact,
      record('a', { ...long, name: 'A' }),
      [record('b', { notes: 'm'.repeat(15_000) })],
      {},
    );
    expect(cut.notes).toBe(long.notes);
  });

  test('come back as they were, but for those that were changed since', () => {
    const merged = mergeRecords(contact, a, [b], { name: 'b', email: 'b' });
    const changes = ['name', 'email', 'phone', 'title', 'tags', 'notes', 'lastContactedAt'].map((field) => ({
      ...{ field, old: a[field], new: merged[field] },
    }));
    const back = unmergeRecord(contact, { ...merged, title: 'Chief' }, [b], changes);
    expect({ ...back, custom: a.custom }).toEqual({ ...a, title: 'Chief' });
  });
});
