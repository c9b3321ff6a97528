import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';

/** History, timelines and the audit follow writes within about a second. */

let api: Api;
let member: Api;

interface Told {
  kind: string;
  action: string;
  entity: string;
  id: string;
  actor: string;
  title: string | null;
  changes: { field: string }[];
  details: Record<string, unknown>;
}

const create = async (path: string, body: unknown): Promise<string> => {
  const answer = await api.post(`/api/v1/${path}`, body);
  if (answer.status !== 201) throw new Error(answer.summary);
  return answer.body.id;
};
const told = ({ body }: Answer): string[] =>
  (body.data as Told[]).map(({ kind, action, title }) => [kind, action, ...(title ? [title] : [])].join(' '));
/** The answer once it tells as many things as expected. */
const eventuallyTold = (path: string, count: number) =>
  eventually(
    () => api.get(path),
    ({ body }) => body.data?.length === count,
  );
const tick = () => new Promise((wake) => setTimeout(wake, 2));

beforeAll(async () => {
  api = await callerOf();
  member = await api.as('member');
});

test('a deleted record is still told about, and what was merged into it, to its own tenant', async () => {
  const ids = [await create('contacts', { name: 'Kept' }), await create('contacts', { name: 'Merged' })];
  const [id = '', otherId = ''] = ids;
  await api.post('/api/v1/contacts/merge', { primaryId: id, otherIds: [otherId] });
  await api.del(`/api/v1/contacts/${id}`);
  const history = await eventuallyTold(`/api/v1/contacts/${id}/history`, 3);
  expect(history.body.data[0]).toMatchObject({ action: 'deleted' });
  expect((await eventuallyTold(`/api/v1/contacts/${otherId}/history`, 2)).status).toBe(200);
  const timeline = await eventually(
    () => api.get(`/api/v1/contacts/${otherId}/timeline`),
    ({ body }) => body.data?.[0]?.action === 'deleted',
  );
  expect(timeline.body.data[0]).toMatchObject({ action: 'deleted', id });
  const stranger = await callerOf();
  for (const what of ['history', 'timeline']) {
    expect((await stranger.get(`/api/v1/contacts/${id}/${what}`)).status).toBe(404);
  }
});

test('the history of a record tells members of objects one by one, and who it was', async () => {
  const id = await create('contacts', { name: 'Ada', address: { city: 'Rome', country: 'Italy' } });
  await member.patch(`/api/v1/contacts/${id}`, { address: { city: 'Oslo' } });
  const { body } = await eventuallyTold(`/api/v1/contacts/${id}/history`, 2);
  expect(body.data[0]).toMatchObject({
    actor: `member-${api.tenantId}`,
    actorKind: 'person',
    changes: [{ field: 'address.city', old: 'Rome', new: 'Oslo' }],
  });
  expect(body.data[1].changes).toContainEqual({ field: 'address.country', old: null, new: 'Italy' });
});

describe('a timeline', () => {
  test('has the changes of the record, activities, tasks and documents, newest first, in pages', async () => {
    const contactId = await create('contacts', { name: 'Tim Line' });
    const timeline = `/api/v1/contacts/${contactId}/timeline`;
    await tick();
    const dealId = await create('deals', { title: 'Big one', amount: 1_000, currency: 'EUR', contactId });
    await tick();
    const taskId = await create('tasks', {
      type: 'todo',
      title: 'Call',
      about: { type: 'contact', id: contactId },
    });
    await tick();
    await api.patch(`/api/v1/contacts/${contactId}`, { title: 'Boss' });
    await tick();
    await api.post(`/api/v1/tasks/${taskId}/cancel`, {});
    const activity = { kind: 'call', subject: 'First talk', occurredAt: '2020-01-01T00:00:00Z', contactId };
    const activityId = await create('activities', activity);
    const all = await eventuallyTold(timeline, 6);
    expect(told(all)).toEqual([
      'task cancelled Call',
      'change updated',
      'task created Call',
      'deal created Big one',
      'change created',
      'activity occurred First talk',
    ]);
    expect(all.body.data[3]).toMatchObject({
      ...{ entity: 'deal', id: dealId, actor: `owner-${api.tenantId}`, actorKind: 'person' },
      details: { amount: 1_000, currency: 'EUR' },
    });

    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Answer = await api.get(`${timeline}?limit=2${cursor && `&cursor=${cursor}`}`);
      paged.push(...told(page));
      cursor = page.body.page.nextCursor;
    }
    expect(paged).toEqual(told(all));
    expect(told(await api.get(`${timeline}?kinds=deal,change`))).toEqual([
      'change updated',
      'deal created Big one',
      'change created',
    ]);

    // An activity is shown as it is and when it was; a deleted one was not.
    await api.patch(`/api/v1/activities/${activityId}`, {
      subject: 'Talk',
      occurredAt: '2021-01-01T00:00:00Z',
    });
    await eventually(
      () => api.get(`${timeline}?kinds=activity`),
      (page) => told(page).join() === 'activity occurred Talk',
    );
    await api.del(`/api/v1/activities/${activityId}`);
    expect(told(await eventuallyTold(`${timeline}?kinds=activity`, 0))).toEqual([]);
  });

  test('tells where a record went that refers to another one now', async () => {
    const [first, second] = [
      await create('companies', { name: 'First' }),
      await create('companies', { name: 'Second' }),
    ];
    const contactId = await create('contacts', { name: 'Mover', companyId: first });
    await api.patch(`/api/v1/contacts/${contactId}`, { companyId: second });
    const left = await eventuallyTold(`/api/v1/companies/${first}/timeline?kinds=contact`, 2);
    expect(told(left)).toEqual(['contact unlinked Mover', 'contact created Mover']);
    expect(left.body.data[0].details).toMatchObject({ to: second });
    const joined = await eventuallyTold(`/api/v1/companies/${second}/timeline?kinds=contact`, 1);
    expect(told(joined)).toEqual(['contact linked Mover']);
  });

  test('of a merged contact is part of that of the primary', async () => {
    const [primary, other] = [
      await create('contacts', { name: 'Merged One' }),
      await create('contacts', { name: 'Merged Two' }),
    ];
    await create('activities', { kind: 'note', subject: 'Old note', contactId: other });
    await create('deals', { title: 'Old deal', contactId: other });
    const timeline = (id: string) => `/api/v1/contacts/${id}/timeline?kinds=activity,deal`;
    await eventuallyTold(timeline(other), 2);
    const merged = await api.post('/api/v1/contacts/merge', { primaryId: primary, otherIds: [other] });
    expect(merged.status).toBeLessThan(300);
    const shown = await eventually(
      () => api.get(timeline(primary)),
      (page) => told(page).length === 2,
    );
    expect(told(shown).sort()).toEqual(['activity occurred Old note', 'deal created Old deal']);
    expect(told(await api.get(timeline(other)))).toEqual(told(shown));
  });

  test('is there for every record that is, and refuses unknown kinds', async () => {
    const id = await create('products', { name: 'Tea', unitPrice: 100, currency: 'EUR' });
    expect(told(await eventuallyTold(`/api/v1/products/${id}/timeline`, 1))).toEqual(['change created']);
    expect((await api.get(`/api/v1/products/${id}/timeline?kinds=call`)).status).toBe(422);
    expect((await (await callerOf()).get(`/api/v1/products/${id}/timeline`)).status).toBe(404);
  });
});

describe('the audit', () => {
  const audit = (query = '') => `/api/v1/audit?limit=100${query}`;

  test('tells owners and admins who did what, settings and tasks too, and no secret', async () => {
    const tenant = await callerOf();
    const contact = (await (await tenant.as('member')).post('/api/v1/contacts', { name: 'Audited' })).body;
    const key = (await tenant.post('/api/v1/api-keys', { name: 'Robot', role: 'member' })).body;
    const robot = await callerOf({ tenantId: tenant.tenantId, token: key.key });
    expect((await robot.patch(`/api/v1/contacts/${contact.id}`, { notes: 'hello' })).status).toBe(200);
    await tenant.put('/api/v1/task-types/audited', { executor: 'worker' });
    const hook = (await tenant.post('/api/v1/webhooks', { url: 'https://hook.example/x', events: ['*'] }))
      .body;
    await tenant.del(`/api/v1/webhooks/${hook.id}`);
    await tenant.del(`/api/v1/api-keys/${key.id}`);
    const task = (await tenant.post('/api/v1/tasks', { type: 'todo', title: 'No' })).body;
    await tenant.post(`/api/v1/tasks/${task.id}/cancel`, {});
    await tenant.post(`/api/v1/tasks/${task.id}/retry`, {});
    const all = await eventually(
      () => tenant.get(audit()),
      ({ body }) => body.data?.length === 9,
    );
    const acts = all.body.data.map(
      ({ actorKind, action, entity }: Record<string, string>) => `${actorKind} ${action} ${entity}`,
    );
    expect([...acts].sort()).toEqual(
      [
        'person created contact',
        'api_key updated contact',
        'person created api_key',
        'person revoked api_key',
        'person created task_type',
        'person created webhook',
        'person deleted webhook',
        'person cancelled task',
        'person retried task',
      ].sort(),
    );
    const times = all.body.data.map(({ at }: { at: string }) => at);
    expect(times).toEqual([...times].sort().reverse());
    for (const secret of [key.key, hook.secret]) expect(all.text).not.toContain(secret);

    const byRobot = await tenant.get(audit(`&actor=${key.id}`));
    expect(byRobot.body.data).toEqual([
      expect.objectContaining({ entity: 'contact', id: contact.id, fields: ['notes'], version: 2 }),
    ]);
    expect((await tenant.get(audit('&entity=task&action=cancelled'))).body.data).toHaveLength(1);
    expect((await tenant.get(audit('&to=2020-01-01'))).body.data).toEqual([]);
    expect((await tenant.get(audit(`&from=${times.at(-1)}`))).body.data).toHaveLength(9);
    const first = (await tenant.get('/api/v1/audit?limit=5')).body;
    const second = (await tenant.get(`/api/v1/audit?limit=5&cursor=${first.page.nextCursor}`)).body;
    expect([...first.data, ...second.data]).toEqual(all.body.data);
  });

  test('is for owners and admins, and refuses what it does not know', async () => {
    expect((await member.get(audit())).status).toBe(403);
    const wrong = await api.get(audit('&entity=person&from=yesterday'));
    expect(wrong.body.errors.map(({ parameter }: { parameter: string }) => parameter)).toEqual([
      'entity',
      'from',
    ]);
  });
});
