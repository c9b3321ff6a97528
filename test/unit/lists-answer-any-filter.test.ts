import { describe, expect, test } from '@jest/globals';
import { contact } from '../../functions/crm/contacts/contact.ts';
import { contactStages } from '../../functions/crm/contacts/contact-values.ts';
import type { CrmRecord } from '../../functions/crm/records/entity.ts';
import { toItem } from '../../functions/crm/records/record-item.ts';
import type { Item } from '../../functions/shared/dynamo/item.ts';
import type { Expression } from '../../functions/shared/dynamo/table.ts';
import { firstIdAt } from '../../functions/shared/ids.ts';
import { matchesFilters } from '../../functions/shared/list/match-filter.ts';
import { parseListQuery } from '../../functions/shared/list/parse-list-query.ts';
import { planList } from '../../functions/shared/list/plan-list.ts';
import { fc } from '../support/property.ts';

const names = ['Ada', 'ada', 'Ádám', 'Bob', 'Bo', 'Zoë'];
const plain = (name: string) => name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
const day = (at: number) => `2026-05-${String(at).padStart(2, '0')}T00:00:00.000Z`;
const anyDay = fc.integer({ min: 1, max: 6 }).map(day);

/** A contact with the members that lists filter and sort by. */
const contacts = fc
  .array(
    fc.record({
      created: anyDay,
      updatedAt: anyDay,
      name: fc.constantFrom(...names),
      stage: fc.constantFrom(...contactStages),
      ownerId: fc.option(fc.constantFrom('u1', 'u2')),
      score: fc.option(fc.constantFrom(0, 9, 10, 90, 100)),
      nextFollowUpAt: fc.option(anyDay),
      tags: fc.subarray(['vip', 'new']),
    }),
    { minLength: 8, maxLength: 20 },
  )
  .map((rows) =>
    rows.map(({ created, ...row }, at): CrmRecord => {
      const id = firstIdAt('con', Date.parse(created)).slice(0, -2) + String(at).padStart(2, '0');
      const unset = Object.fromEntries(contact.fields.map((field) => [field, null]));
      const who = { createdBy: 'u1', updatedBy: 'u1' };
      return { ...unset, ...who, id, version: 1, createdAt: created, ...row };
    }),
  );

type Predicate = (record: CrmRecord) => boolean;
const compare: Record<string, (a: string | number, b: string | number) => boolean> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};

/** A filter as a query parameter and, apart from it, what it means. */
const range = (field: string, value: fc.Arbitrary<string | number>) =>
  fc.record({ operator: fc.constantFrom(...Object.keys(compare)), value }).map(({ operator, value }) => ({
    parameter: [`${field}[${operator}]`, String(value)],
    holds: (record: CrmRecord) =>
      record[field] !== null && (compare[operator]?.(record[field] as string, value) ?? false),
  }));
const equal = (field: string, value: fc.Arbitrary<string>) =>
  value.map((wanted) => ({
    parameter: [field, wanted],
    holds: (record: CrmRecord) => record[field] === wanted,
  }));
const filter: fc.Arbitrary<{ parameter: string[]; holds: Predicate }> = fc.oneof(
  equal('stage', fc.constantFrom(...contactStages)),
  equal('ownerId', fc.constantFrom('u1', 'u2')),
  fc.constantFrom(...contactStages).map((stage) => ({
    parameter: ['stage[ne]', stage],
    holds: (record: CrmRecord) => record.stage !== stage,
  })),
  fc.constantFrom('vip', 'new').map((tag) => ({
    parameter: ['tags', tag],
    holds: ({ tags }: CrmRecord) => (tags as string[]).includes(tag),
  })),
  fc.constantFrom('a', 'BO', 'zoe').map((prefix) => ({
    parameter: ['name[prefix]', prefix],
    holds: ({ name }: CrmRecord) => plain(String(name)).startsWith(plain(prefix)),
  })),
  fc.constantFrom(...names).map((wanted) => ({
    parameter: ['name', wanted],
    holds: ({ name }: CrmRecord) => plain(String(name)) === plain(wanted),
  })),
  range('score', fc.constantFrom(-5, 0, 9, 10, 100)),
  range('nextFollowUpAt', anyDay),
  range('createdAt', anyDay),
  range('updatedAt', anyDay),
);

/** What DynamoDB selects by a key condition of the planner. */
function inRange(item: Item, { names = {}, values = {} }: Expression): boolean {
  const [pk, sk] = [String(names['#pk']), names['#sk']];
  if (item[pk] !== values[':pk']) return false;
  if (sk === undefined) return item[pk] !== undefined;
  const key = String(item[sk]);
  return key >= String(values[':lower'] ?? '') && key <= String(values[':upper'] ?? '\u{10ffff}');
}

describe('a list with any filters and sort', () => {
  test('has just the records that all of its filters describe', () => {
    const sort = fc.constantFrom('createdAt', 'updatedAt', 'name', 'score', '-nextFollowUpAt', undefined);
    const lists = fc.array(fc.record({ filters: fc.array(filter, { maxLength: 3 }), sort }), {
      minLength: 12,
    });
    fc.assert(
      fc.property(contacts, lists, (records, requests) => {
        const items = records.map((record) => toItem(contact, 't1', record, 'r1'));
        for (const { filters, sort } of requests) {
          const query = Object.fromEntries([
            ...filters.map(({ parameter }) => parameter),
            ...(sort ? [['sort', sort]] : []),
          ]);
          const request = parseListQuery(query, contact.list, 'u1');
          const { key, residual } = planList(request, contact.list, 't1');
          const found = items.filter(
            (item) => inRange(item, key) && matchesFilters(item, residual, contact.list),
          );
          // Of two values of one parameter the last stands.
          const asked = filters.filter(({ parameter: [name, value] }) => query[name ?? ''] === value);
          // An index has the records that have its value.
          const expected = records.filter(
            (record) => asked.every(({ holds }) => holds(record)) && record[request.sort.field] !== null,
          );
          const answers = [found, expected].map((rows) => rows.map(({ id }) => id).join());
          if (answers[0] !== answers[1]) expect([query, answers[0]]).toEqual([query, answers[1]]);
        }
      }),
      { numRuns: 50 },
    );
  });
});
