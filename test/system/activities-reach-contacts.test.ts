import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually } from './support/api.ts';

let api: Api;
let contactId: string;

const make = async (path: string, body: Record<string, unknown>) => {
  const answer = await api.post(`/api/v1/${path}`, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
};
const contact = async (id = contactId) => (await api.get(`/api/v1/contacts/${id}`)).body;
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

beforeAll(async () => {
  api = await callerOf();
  contactId = (await make('contacts', { name: 'Ada Lovelace' })).id;
});

describe('an activity', () => {
  test('happens now unless it says when, and needs a kind only', async () => {
    const note = await make('activities', { kind: 'note' });
    expect(note).toMatchObject({ occurredAt: note.createdAt, subject: null, contactId: null, version: 1 });
    for (const body of [
      {},
      { kind: 'visit' },
      { kind: 'call', occurredAt: null },
      { kind: 'call', durationMinutes: -1 },
    ]) {
      expect((await api.post('/api/v1/activities', body)).status).toBe(422);
    }
    expect((await api.patch(`/api/v1/activities/${note.id}`, { occurredAt: null })).status).toBe(422);
  });

  test('moves the time of the last contact forward, in the history of the contact too', async () => {
    const occurredAt = inHours(-48);
    await make('activities', { kind: 'call', contactId, occurredAt });
    expect(await contact()).toMatchObject({ lastContactedAt: occurredAt, version: 2 });
    const { data } = await eventually(
      async () => (await api.get(`/api/v1/contacts/${contactId}/history`)).body,
      ({ data }) => data.length === 2,
    );
    expect(data[0]).toMatchObject({
      version: 2,
      actor: `owner-${api.tenantId}`,
      changes: [{ field: 'lastContactedAt', old: null, new: occurredAt }],
    });
    expect((await api.get('/api/v1/contacts?limit=1')).body.data[0].id).toBe(contactId);
  });

  test('never moves it back; a note moves nothing', async () => {
    const before = await contact();
    await make('activities', { kind: 'email', contactId, occurredAt: inHours(-72) });
    await make('activities', { kind: 'note', contactId });
    expect(await contact()).toEqual(before);
  });

  test('that lies ahead counts once its outcome is entered after it has begun', async () => {
    const before = await contact();
    const meeting = await make('activities', { kind: 'meeting', contactId, occurredAt: inHours(1) });
    expect(await contact()).toEqual(before);
    const occurredAt = inHours(-1);
    await api.patch(`/api/v1/activities/${meeting.id}`, { occurredAt, outcome: 'agreed' });
    expect(await contact()).toMatchObject({ lastContactedAt: occurredAt, version: before.version + 1 });
  });

  test('counts for the contact that it is moved to', async () => {
    const other = (await make('contacts', { name: 'Grace Hopper' })).id;
    const occurredAt = inHours(-5);
    const call = await make('activities', { kind: 'call', occurredAt });
    await api.patch(`/api/v1/activities/${call.id}`, { contactId: other });
    expect((await contact(other)).lastContactedAt).toBe(occurredAt);
  });

  test('refuses contacts, companies and deals that are not there', async () => {
    const stranger = await callerOf();
    const foreign = (await stranger.post('/api/v1/contacts', { name: 'Foreign' })).body.id;
    for (const reference of [
      { contactId: foreign },
      { companyId: `com_${'0'.repeat(26)}` },
      { dealId: `deal_${'0'.repeat(26)}` },
    ]) {
      const answer = await api.post('/api/v1/activities', { kind: 'call', ...reference });
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ code: 'unknown_reference' }] } });
    }
    expect((await stranger.get(`/api/v1/contacts/${foreign}`)).body.lastContactedAt).toBeNull();
  });

  test('leaves the latest time when many reach one contact at once, one by one or all or nothing', async () => {
    const busy = (await make('contacts', { name: 'Busy' })).id;
    const times = [4, 2, 3, 6, 5].map((hours) => inHours(-hours));
    await Promise.all(
      times.map((occurredAt) => make('activities', { kind: 'call', contactId: busy, occurredAt })),
    );
    expect((await contact(busy)).lastContactedAt).toBe(times[1]);
    const later = [inHours(-0.5), inHours(-0.25), inHours(-0.75)];
    const operations = [...later, inHours(-90)].map((occurredAt) => ({
      op: 'create',
      data: { kind: 'email', contactId: busy, occurredAt },
    }));
    const batch = await api.post('/api/v1/activities/batch', { atomic: true, operations });
    expect(batch).toMatchObject({ status: 200 });
    expect((await contact(busy)).lastContactedAt).toBe(later[1]);
  });
});

describe('activities', () => {
  test('are listed by whom they concern, in the order in which they took place', async () => {
    const companyId = (await make('companies', { name: 'Analytical Engines' })).id;
    const at = (day: number) => `2026-03-0${day}T10:00:00.000Z`;
    const days: Record<string, string> = {};
    for (const day of [2, 1, 3]) {
      const { id } = await make('activities', {
        kind: 'call',
        subject: `Day ${day}`,
        companyId,
        occurredAt: at(day),
      });
      days[id] = at(day);
    }
    const list = async (query: string) =>
      (await api.get(`/api/v1/activities?${query}`)).body.data.map(({ id }: { id: string }) => days[id]);
    expect(await list(`companyId=${companyId}&sort=occurredAt`)).toEqual([at(1), at(2), at(3)]);
    expect(await list(`occurredAt[gte]=${at(2)}&occurredAt[lt]=${at(4)}&sort=-occurredAt`)).toEqual([
      at(3),
      at(2),
    ]);
    expect(await list(`companyId=${companyId}&kind=meeting`)).toEqual([]);
    expect(await list('subject[prefix]=day&kind=call')).toEqual([at(1), at(2), at(3)]);
  });
});
