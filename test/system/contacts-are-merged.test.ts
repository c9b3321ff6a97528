import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually } from './support/api.ts';

const contacts = '/api/v1/contacts';
let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

async function made(path: string, body: object): Promise<Record<string, unknown> & { id: string }> {
  const answer = await api.post(path, body);
  if (answer.status !== 201) throw new Error(answer.summary);
  return answer.body;
}

const contact = (body: object) => made(contacts, body);
const merge = (primaryId: string, otherIds: string[], more: object = {}) =>
  api.post(`${contacts}/merge`, { primaryId, otherIds, ...more });
const listed = async (query: string) =>
  (await api.get(`${contacts}?${query}`)).body.data.map(({ id }: { id: string }) => id);

describe('a merge', () => {
  test('makes one contact of several, and its undoing makes them several again', async () => {
    const tag = `t${Date.now()}`;
    const mail = (name: string) => `${name}@${tag}.example`;
    const ada = await contact({ name: 'Ada Lovelace', email: mail('ada'), tags: [tag], notes: 'Poet.' });
    const al = await contact({
      ...{ name: 'A. Lovelace', email: mail('al'), phone: '+39 06 555 1234', title: 'Countess' },
      ...{ tags: [tag, 'maths'], notes: 'Of Ockham.', address: { city: 'London' } },
    });
    const king = await contact({ name: 'Ada King', email: mail('king'), tags: [tag], stage: 'customer' });
    const deal = await made('/api/v1/deals', { title: 'Engine', contactId: al.id });
    const activity = await made('/api/v1/activities', { kind: 'call', subject: 'Notes', contactId: king.id });
    const lines = [{ description: 'Cards', quantity: 2, unitPrice: 500 }];
    const order = await made('/api/v1/orders', { contactId: king.id, currency: 'EUR', lines });
    const task = await made('/api/v1/tasks', {
      type: 'todo',
      title: 'Call',
      about: { type: 'contact', id: al.id },
    });
    const references = async () => [
      (await api.get(`/api/v1/deals/${deal.id}`)).body.contactId,
      (await api.get(`/api/v1/activities/${activity.id}`)).body.contactId,
      (await api.get(`/api/v1/orders/${order.id}`)).body.contactId,
      (await api.get(`/api/v1/tasks/${task.id}`)).body.about.id,
    ];
    const before = (await api.get(`${contacts}/${ada.id}`)).body;

    const key = { 'idempotency-key': `merge-${tag}` };
    const body = { primaryId: ada.id, otherIds: [al.id, king.id], fields: { name: king.id } };
    const answer = await api.post(`${contacts}/merge`, body, key);
    expect(answer.summary).toMatch(/→ 200/);
    // A busy machine may leave the rest to the task.
    const log = `/api/v1/merges/${answer.body.merge.id}`;
    const settled = async (status: string) =>
      (
        await eventually(
          () => api.get(log),
          ({ body }) => body.status === status,
          50_000,
        )
      ).body;
    expect(await settled('completed')).toMatchObject({
      ...{ status: 'completed', primaryId: ada.id, otherIds: [al.id, king.id] },
      moved: { deals: 1, activities: 1, orders: 1, invoices: 0, tasks: 1, attachments: 0 },
    });
    expect(answer.body.contact).toMatchObject({
      ...{ id: ada.id, version: before.version + 1, name: 'Ada King', email: mail('ada'), title: 'Countess' },
      ...{ tags: [tag, 'maths'], notes: 'Poet.\n\nOf Ockham.', address: { city: 'London' }, stage: 'lead' },
      ...{ phone: '+39 06 555 1234', mergedIds: [al.id, king.id], otherEmails: [mail('al'), mail('king')] },
    });
    const again = await api.post(`${contacts}/merge`, body, key);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual(answer.body);
    expect(await references()).toEqual([ada.id, ada.id, ada.id, ada.id]);

    // The old ids and addresses lead to the one that is left.
    const old = await api.get(`${contacts}/${al.id}`);
    expect(old.body).toEqual(answer.body.contact);
    expect(old.headers.get('content-location')).toBe(`${contacts}/${ada.id}`);
    expect(await listed(`tags=${tag}`)).toEqual([ada.id]);
    expect(await listed(`email=${mail('king')}`)).toEqual([ada.id]);
    const upsert = await api.put(`${contacts}/by/email/${mail('al')}`, {
      name: 'Ada King',
      email: mail('al'),
    });
    expect(upsert.body).toMatchObject({ id: ada.id, email: mail('ada') });
    const patched = await api.patch(`${contacts}/${king.id}`, { source: 'fair' });
    expect(patched.body).toMatchObject({ id: ada.id, source: 'fair' });
    const late = await made('/api/v1/deals', { title: 'Later', contactId: king.id });
    expect(late.contactId).toBe(ada.id);
    for (const refused of [
      await api.del(`${contacts}/${al.id}`),
      await api.post(`${contacts}/${al.id}/restore`),
      await merge(king.id, [ada.id]),
    ]) {
      expect([refused.status, refused.body?.code, refused.body?.mergedInto]).toEqual([
        409,
        'conflict',
        ada.id,
      ]);
    }
    const history = () => api.get(`${contacts}/${al.id}/history`);
    const [entry] = (await eventually(history, ({ body }) => body.data.length === 2, 30_000)).body.data;
    expect(entry).toMatchObject({ action: 'merged', changes: [{ field: 'mergedInto', new: ada.id }] });

    const undo = `${log}/undo`;
    const undone = await api.post(undo);
    expect(undone.summary).toMatch(/→ 200/);
    expect(await settled('undone')).toMatchObject({ status: 'undone' });
    const { version, updatedAt: _at, ...restored } = before;
    expect(undone.body.contact).toMatchObject({ ...restored, source: 'fair' });
    expect(undone.body.contact.version).toBeGreaterThan(version);
    expect(await references()).toEqual([al.id, king.id, king.id, al.id]);
    expect((await api.get(`${contacts}/${al.id}`)).body).toMatchObject({ id: al.id, email: mail('al') });
    expect((await listed(`tags=${tag}`)).sort()).toEqual([ada.id, al.id, king.id].sort());
    expect((await api.post(undo)).body).toMatchObject({
      ...{ code: 'invalid_transition', status: 409, mergeStatus: 'undone' },
    });
    const total = () => api.get(`${contacts}?stage=customer&include=total&limit=1`);
    expect((await eventually(total, ({ body }) => body.total === 1, 30_000)).body.total).toBe(1);
  });

  test('follows another one, and they are undone in the other order', async () => {
    const [a, b, c] = await Promise.all(['A', 'B', 'C'].map((name) => contact({ name })));
    const ids = [a, b, c].map((one) => String(one?.id));
    const [first, second, third] = ids as [string, string, string];
    const deal = await made('/api/v1/deals', { title: 'Chain', contactId: first });
    const inner = await merge(second, [first]);
    const outer = await merge(third, [second]);
    expect(outer.body.contact.mergedIds).toEqual([second, first]);
    expect((await api.get(`${contacts}/${first}`)).body.id).toBe(third);
    const undo = (answer: typeof inner) => api.post(`/api/v1/merges/${answer.body.merge.id}/undo`);
    const early = await undo(inner);
    expect(early.body).toMatchObject({ code: 'invalid_transition', laterMergeId: outer.body.merge.id });
    expect((await undo(outer)).status).toBe(200);
    expect((await api.get(`${contacts}/${first}`)).body.id).toBe(second);
    expect((await undo(inner)).status).toBe(200);
    const isDone = async () => (await api.get(`/api/v1/deals/${deal.id}`)).body.contactId;
    expect(await eventually(isDone, (id) => id === first, 50_000)).toBe(first);
    const statuses = async () =>
      (await api.get('/api/v1/merges?limit=2')).body.data.map(({ status }: { status: string }) => status);
    expect(await eventually(statuses, (all) => all.every((one: string) => one === 'undone'), 50_000)).toEqual(
      ['undone', 'undone'],
    );
  });

  test('names what is wrong with its ids, and cannot be undone where an address is taken', async () => {
    const [a, b, gone] = await Promise.all([
      contact({ name: 'A' }),
      contact({ name: 'B', email: `b${Date.now()}@x.example` }),
      contact({ name: 'Gone' }),
    ]);
    await api.del(`${contacts}/${gone.id}`);
    const other = await callerOf();
    const foreign = (await other.post(contacts, { name: 'Foreign' })).body.id;
    const found = async (otherIds: string[], more = {}) => {
      const { status, body } = await merge(a.id, otherIds, more);
      return [
        status,
        ...(body.errors ?? []).map(({ pointer, code }: Record<string, string>) => `${pointer} ${code}`),
      ];
    };
    expect(await found([b.id, gone.id, foreign])).toEqual([
      422,
      '/otherIds/1 unknown_reference',
      '/otherIds/2 unknown_reference',
    ]);
    expect(await found([a.id, b.id, b.id])).toEqual([
      422,
      '/otherIds/0 invalid_value',
      '/otherIds/2 repeated',
    ]);
    expect(await found([b.id], { fields: { nme: b.id, title: gone.id } })).toEqual([
      422,
      '/fields/nme unknown_field',
      '/fields/title invalid_value',
    ]);
    expect((await api.get(`${contacts}/${b.id}`)).body).toEqual(b);

    const merged = await merge(a.id, [b.id]);
    // What the primary gives away for good, somebody else may have.
    expect((await api.patch(`${contacts}/${a.id}`, { email: null })).status).toBe(200);
    const taker = await contact({ name: 'Taker', email: String(b.email) });
    const undo = `/api/v1/merges/${merged.body.merge.id}/undo`;
    expect((await api.post(undo)).body).toMatchObject({ code: 'duplicate', existingId: taker.id });
    expect((await other.post(undo)).status).toBe(404);
    await api.del(`${contacts}/${taker.id}`);
    expect((await api.post(undo)).status).toBe(200);
  });
});

test('duplicates are found by what they have in common, each pair once', async () => {
  const own = await callerOf();
  const add = async (name: string, more: object = {}) =>
    (await own.post(contacts, { name, ...more })).body.id;
  const companyId = (await own.post('/api/v1/companies', { name: 'Alfreds' })).body.id;
  const maria = await add('Maria Anders', {
    companyId,
    phone: '030-0074321',
    email: 'm.anders@alfreds.example',
  });
  const again = await add('Anders, María', { companyId, phone: '+49 30 0074321' });
  const tagged = await add('M Anders', { email: 'manders+crm@alfreds.example' });
  await add('Hanna Moos', { companyId, phone: '0621-08460' });
  const twin = await add('Hanna Moos');
  const found = async (query = '') => (await own.get(`${contacts}/duplicates${query}`)).body;
  const idsOf = ({ data }: { data: { contacts: { id: string }[] }[] }) =>
    data.map((pair) => pair.contacts.map(({ id }) => id).sort());
  const wanted = [
    [maria, tagged],
    [maria, again],
  ].map((ids) => ids.sort());
  // A page that reads while the last contact is still being followed may meet a pair in a later block.
  const all = await eventually(
    found,
    (page) => JSON.stringify(idsOf(page)) === JSON.stringify(wanted),
    30_000,
  );
  expect(idsOf(all)).toEqual(wanted);
  expect(all.data[1]).toMatchObject({ reasons: ['phone', 'name'], score: 95 });
  const first = await found('?limit=1');
  const rest = await found(`?limit=1&cursor=${encodeURIComponent(first.page.nextCursor)}`);
  expect([...idsOf(first), ...idsOf(rest)]).toEqual(wanted);
  const ofTagged = (await own.get(`${contacts}/${tagged}/duplicates?minScore=90`)).body;
  expect(idsOf(ofTagged)).toEqual([[maria, tagged].sort()]);
  expect((await own.get(`${contacts}/${twin}/duplicates`)).body).toMatchObject({ data: [], cutBlocks: 0 });
  expect((await own.get(`${contacts}/duplicates?minScore=0`)).status).toBe(422);

  const merged = await own.post(`${contacts}/merge`, { primaryId: maria, otherIds: [again] });
  expect(merged.status).toBe(200);
  expect(idsOf(await eventually(found, ({ data }) => data.length === 1, 30_000))).toEqual([
    [maria, tagged].sort(),
  ]);
});
