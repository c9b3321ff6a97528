import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf } from './support/api.ts';

let api: Api;

const make = async (path: string, body: Record<string, unknown>) => {
  const answer = await api.post(`/api/v1/${path}`, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
};

beforeAll(async () => {
  api = await callerOf();
  for (const name of ['size', 'shade']) {
    await api.put(`/api/v1/custom-fields/contact/${name}`, { type: 'text', label: name });
  }
});

describe('edits of different fields at the same time', () => {
  test.each([
    [
      'contacts',
      { name: 'Ada', address: { city: 'London' } },
      [
        { title: 'Countess' },
        { email: 'ada@example.com' },
        { address: { line1: '12 St James’s Square' } },
        { address: { country: 'UK' } },
        { custom: { size: 'small' } },
        { custom: { shade: 'dark' } },
        { stage: 'customer' },
      ],
    ],
    [
      'activities',
      { kind: 'call' },
      [{ subject: 'Engine' }, { outcome: 'agreed' }, { kind: 'meeting' }, { durationMinutes: 30 }],
    ],
    [
      'deals',
      { title: 'Engine' },
      [{ amount: 5 }, { probability: 33 }, { tags: ['big'] }, { notes: 'soon' }],
    ],
    [
      'products',
      { name: 'Card' },
      [{ sku: 'C-1' }, { stock: 7 }, { description: 'Punched' }, { active: false }],
    ],
  ])('all survive in %s, without If-Match', async (collection, body, patches) => {
    const { id } = await make(collection, body);
    const path = `/api/v1/${collection}/${id}`;
    const answers = await Promise.all(patches.map((patch) => api.patch(path, patch)));
    expect(answers.map(({ status }) => status)).toEqual(patches.map(() => 200));
    const after = (await api.get(path)).body;
    for (const patch of patches) expect(after).toMatchObject(patch);
    expect(after.version).toBe(1 + patches.length);
  });
});

describe('If-Match', () => {
  test.each([
    ['a plain field', (at: number) => ({ notes: `edit ${at}` })],
    ['a unique one', (at: number) => ({ email: `edit-${at}@example.com` })],
    ['a custom one', (at: number) => ({ custom: { size: `edit ${at}` } })],
  ])('lets one of several edits of %s through', async (_, edit) => {
    const { id } = await make('contacts', { name: 'Contended' });
    const path = `/api/v1/contacts/${id}`;
    const answers = await Promise.all(
      [1, 2, 3].map((at) => api.patch(path, edit(at), { 'if-match': '"v1"' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    const won = answers.find(({ status }) => status === 200);
    expect((await api.get(path)).body).toEqual(won?.body);
    expect(answers.find(({ status }) => status === 412)?.body).toMatchObject({
      code: 'precondition_failed',
      currentVersion: 2,
    });
  });

  test('guards deletion and restoring as well; a star fits every version', async () => {
    const { id } = await make('activities', { kind: 'note' });
    const path = `/api/v1/activities/${id}`;
    await api.patch(path, { subject: 'second' });
    expect((await api.del(path, { 'if-match': '"v1"' })).status).toBe(412);
    expect((await api.patch(path, { kind: 'call' }, { 'if-match': '"v1"' })).status).toBe(412);
    expect((await api.patch(path, { kind: 'call' }, { 'if-match': '*' })).status).toBe(200);
    expect((await api.del(path, { 'if-match': '"v3"' })).status).toBe(204);
    expect((await api.call('POST', `${path}/restore`, { headers: { 'if-match': '"v1"' } })).status).toBe(412);
    expect((await api.call('POST', `${path}/restore`, { headers: { 'if-match': '"v4"' } })).status).toBe(200);
  });
});
