import { expect, test } from '@jest/globals';
import { scoreOf } from '../../functions/crm/contacts/lead-score.ts';
import { patched } from '../../functions/crm/settings/patch-settings.ts';
import { initialSettings, type LeadScoreWeights } from '../../functions/crm/settings/settings.ts';
import { fc } from '../support/property.ts';

const now = Date.parse('2026-11-22T00:00:00Z');
const weights: LeadScoreWeights = {
  ...{ email: 10, phone: 5, company: 15, title: 3 },
  stage: { prospect: 20, former: -50 },
  source: { fair: 7 },
  tags: { vip: 40, cold: -30 },
  lastContacted: [
    { withinDays: 30, points: 5 },
    { withinDays: 7, points: 12 },
  ],
};

test.each([
  ['nothing', {}, 0],
  ['what is there, not what is empty', { email: 'a@x.example', phone: null, companyId: 'com_x' }, 25],
  ['its stage and source', { stage: 'prospect', source: 'fair', title: 'CEO' }, 30],
  ['each tag once', { tags: ['vip', 'vip', 'other'] }, 40],
  ['never less than nothing', { stage: 'former', tags: ['cold'] }, 0],
  ['the shortest band', { lastContactedAt: '2026-11-18T00:00:00.000Z' }, 12],
  ['the next one', { lastContactedAt: '2026-11-01T00:00:00.000Z' }, 5],
  ['no band', { lastContactedAt: '2026-01-01T00:00:00.000Z' }, 0],
  ['what has names of every object', { tags: ['constructor'], source: 'toString' }, 0],
])('a contact gets points for %s', (_, contact, score) => {
  expect(scoreOf(contact, weights, now).score).toBe(score);
});

test('the parts say where the points come from', () => {
  const contact = {
    email: 'a@x.example',
    stage: 'prospect',
    tags: ['cold'],
    lastContactedAt: '2026-11-20T00:00:00Z',
  };
  expect(scoreOf(contact, weights, now)).toEqual({
    score: 12,
    parts: [
      { what: 'email', points: 10 },
      { what: 'stage:prospect', points: 20 },
      { what: 'tag:cold', points: -30 },
      { what: 'lastContacted:7', points: 12 },
    ],
  });
});

test('the score is the sum of its parts, within its bounds', () => {
  const points = fc.integer({ min: -1_000, max: 1_000 });
  const someWeights = fc.record(
    {
      email: points,
      phone: points,
      tags: fc.dictionary(fc.string({ minLength: 1 }), points, { maxKeys: 5 }),
    },
    { requiredKeys: [] },
  );
  const someContact = fc.record({
    email: fc.option(fc.string()),
    tags: fc.array(fc.string(), { maxLength: 5 }),
  });
  fc.assert(
    fc.property(someWeights, someContact, (given, contact) => {
      const { score, parts } = scoreOf(contact, given, now);
      const sum = parts.reduce((total, part) => total + part.points, 0);
      expect(score).toBe(Math.max(0, sum));
    }),
    { numRuns: 50 },
  );
});

test('null brings back what a tenant starts with', () => {
  const start = { ...initialSettings, version: 0, updatedAt: null, updatedBy: null };
  const owners = ['ann', 'bob'];
  const set = patched(start, { currency: 'EUR', assignment: { deals: { owners } }, leadScore: weights });
  expect(set).toMatchObject({ currency: 'EUR', assignment: { contacts: { owners: [] }, deals: { owners } } });
  const less = patched(
    { ...start, ...set },
    { leadScore: { tags: { vip: null }, email: null }, currency: null },
  );
  expect(less.currency).toBe('USD');
  expect(less.leadScore).toEqual({ ...weights, email: undefined, tags: { cold: -30 } });
  const none = patched({ ...start, ...less }, { leadScore: null, assignment: { deals: { owners: null } } });
  expect(none).toEqual(initialSettings);
});
