import { describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';

/** Settings are remembered for 30 s where they have been read, so each test has a tenant whose settings nobody has. */
async function tenantWith(settings: object): Promise<Api> {
  const api = await callerOf();
  const answer = await api.patch('/api/v1/settings', settings);
  if (answer.status !== 200) throw new Error(answer.summary);
  return api;
}

async function made(api: Api, path: string, body: object): Promise<Answer['body']> {
  const answer = await api.post(path, body);
  if (answer.status !== 201) throw new Error(answer.summary);
  return answer.body;
}

const contacts = '/api/v1/contacts';

test('settings are changed by merge patches, under If-Match, by admins', async () => {
  const api = await callerOf();
  const start = await api.get('/api/v1/settings');
  expect(start.body).toMatchObject({ currency: 'USD', leadScore: null, version: 0, updatedAt: null });
  const change = (body: object, version: number) =>
    api.patch('/api/v1/settings', body, { 'if-match': `"v${version}"` });
  const changed = await change({ currency: 'EUR', leadScore: { tags: { vip: 5, old: 1 } } }, 0);
  expect(changed.body).toMatchObject({ currency: 'EUR', version: 1 });
  expect((await change({ leadScore: { tags: { old: null } } }, 1)).body.leadScore).toEqual({
    tags: { vip: 5 },
  });
  expect(await change({ currency: 'GBP' }, 1)).toMatchObject({ status: 412 });
  expect((await change({ currency: null }, 2)).body).toMatchObject({ currency: 'USD', version: 3 });
  const current = await api.get('/api/v1/settings', { 'if-none-match': '"v3"' });
  expect(current.status).toBe(304);

  const wrong = {
    currency: 'euro',
    leadScore: { stage: { king: 1 } },
    assignment: { deals: { owners: 'ann' } },
  };
  const refused = await api.patch('/api/v1/settings', wrong);
  expect(refused.status).toBe(422);
  expect(refused.body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual([
    ...['/assignment/deals/owners', '/currency', '/leadScore/stage/king'],
  ]);
  const member = await api.as('member');
  expect(await member.patch('/api/v1/settings', { currency: 'EUR' })).toMatchObject({ status: 403 });
  expect(await member.get('/api/v1/settings')).toMatchObject({ status: 200 });
});

test('who names no owner or currency gets the next one and the usual one', async () => {
  const assignment = { contacts: { owners: ['ann', 'bob', 'cyd'] }, deals: { owners: ['dan', 'eve'] } };
  const api = await tenantWith({ currency: 'JPY', assignment });
  const ownersOf = (made: { ownerId: string }[]) => made.map(({ ownerId }) => ownerId).toSorted();
  const some = await Promise.all([1, 2, 3, 4, 5, 6].map((name) => made(api, contacts, { name: `${name}` })));
  expect(ownersOf(some)).toEqual(['ann', 'ann', 'bob', 'bob', 'cyd', 'cyd']);
  const deals = await Promise.all([1, 2].map((title) => made(api, '/api/v1/deals', { title: `${title}` })));
  expect(ownersOf(deals)).toEqual(['dan', 'eve']);
  expect(deals[0]).toMatchObject({ currency: 'JPY' });
  const own = await made(api, '/api/v1/deals', { title: 'Own', ownerId: 'fay', currency: 'EUR' });
  expect(own).toMatchObject({ ownerId: 'fay', currency: 'EUR' });
});

test('scores are computed with the weights at every write, and anew for all on request', async () => {
  const api = await tenantWith({
    leadScore: {
      email: 10,
      title: 3,
      stage: { customer: 50 },
      lastContacted: [{ withinDays: 7, points: 5 }],
    },
  });
  const { id } = await made(api, contacts, { name: 'Scored', email: 'scored@x.example' });
  const score = async () => (await api.get(`${contacts}/${id}`)).body.score;
  expect(await score()).toBe(10);
  expect((await api.patch(`${contacts}/${id}`, { title: 'CEO' })).body.score).toBe(13);
  expect((await api.patch(`${contacts}/${id}`, { title: null, score: 13 })).body.score).toBe(10);
  const refused = await api.patch(`${contacts}/${id}`, { score: 99 });
  expect(refused.body.errors).toMatchObject([{ pointer: '/score', code: 'read_only' }]);
  await made(api, '/api/v1/activities', { kind: 'call', contactId: id });
  expect(await score()).toBe(15);
  const deal = await made(api, '/api/v1/deals', { title: 'Won', contactId: id, stageId: 'won' });
  expect(deal).toMatchObject({ status: 'won', probability: 100 });
  expect((await api.get(`${contacts}/${id}/score`)).body).toEqual({
    score: 65,
    now: {
      score: 65,
      parts: [
        ...[
          { what: 'email', points: 10 },
          { what: 'stage:customer', points: 50 },
        ],
        { what: 'lastContacted:7', points: 5 },
      ],
    },
  });

  await api.patch('/api/v1/settings', { leadScore: { email: 1 } });
  const task = await made(api, `${contacts}/rescore`, {});
  const done = await eventually(
    () => api.get(`/api/v1/tasks/${task.id}`),
    ({ body }) => body.state === 'completed',
    30_000,
  );
  expect(done.body.result).toEqual({ contacts: 1, changed: 1 });
  expect(await score()).toBe(56);
});

test('without weights scores are set by hand and nothing is computed', async () => {
  const api = await callerOf();
  const { id, score } = await made(api, contacts, { name: 'By hand', score: 7 });
  expect(score).toBe(7);
  expect((await api.get(`${contacts}/${id}/score`)).body).toEqual({ score: 7, now: null });
  expect(await api.post(`${contacts}/rescore`)).toMatchObject({
    status: 409,
    body: { code: 'invalid_transition' },
  });
});

describe('pipelines', () => {
  const stages = [
    { name: 'First talk', kind: 'open', probability: 20, rotDays: 14 },
    { name: 'Offer', kind: 'open', probability: 60 },
    { name: 'Won', kind: 'won' },
    { name: 'Lost', kind: 'lost' },
  ];
  const withoutOffer = stages.filter(({ name }) => name !== 'Offer');

  test('the default one is there for everybody at once, and stays', async () => {
    const api = await callerOf();
    const lists = await Promise.all(Array.from({ length: 8 }, () => api.get('/api/v1/pipelines')));
    for (const { body, summary } of lists) {
      expect([summary, body.data.map(({ name }: { name: string }) => name)]).toEqual([summary, ['Sales']]);
    }
    const [{ id, stages: standard }] = lists[0]?.body.data ?? [];
    expect(standard.map((stage: { probability: number }) => stage.probability)).toEqual([
      10, 25, 50, 75, 100, 0,
    ]);
    expect(await api.del(`/api/v1/pipelines/${id}`)).toMatchObject({ status: 409 });
    expect((await api.patch(`/api/v1/pipelines/${id}`, { name: 'Ours' })).body).toMatchObject({
      name: 'Ours',
      version: 2,
    });
  });

  test('a stage with deals stays, keeps its kind, and a new one can be entered at once', async () => {
    const api = await callerOf();
    const pipeline = await made(api, '/api/v1/pipelines', { name: 'Own', stages });
    expect(pipeline.stages.map((stage: { id: string }) => stage.id)).toEqual([
      'first-talk',
      'offer',
      'won',
      'lost',
    ]);
    const path = `/api/v1/pipelines/${pipeline.id}`;
    const deal = await made(api, '/api/v1/deals', {
      title: 'There',
      pipelineId: pipeline.id,
      stageId: 'offer',
    });
    const refused = await api.patch(path, { stages: withoutOffer });
    expect(refused).toMatchObject({ status: 409, body: { code: 'invalid_transition', stageIds: ['offer'] } });
    const asWon = pipeline.stages.map((stage: { id: string }) =>
      stage.id === 'offer' ? { id: 'offer', name: 'Offer', kind: 'won' } : stage,
    );
    expect(await api.patch(path, { stages: asWon })).toMatchObject({ status: 409 });
    expect(await api.del(path)).toMatchObject({ status: 409 });

    const added = [...pipeline.stages, { id: 'trial', name: 'Trial', kind: 'open', probability: 80 }];
    await api.patch(path, { stages: added });
    const moved = await api.post(`/api/v1/deals/${deal.id}/move`, { stageId: 'trial' });
    expect(moved.body).toMatchObject({ stageId: 'trial', probability: 80 });
    expect(await api.patch(path, { stages: withoutOffer })).toMatchObject({ status: 409 });
    await api.del(`/api/v1/deals/${deal.id}`);
    expect(await api.patch(path, { stages: withoutOffer })).toMatchObject({ status: 200 });
    const restored = await api.post(`/api/v1/deals/${deal.id}/restore`);
    expect(restored.body).toMatchObject({ stageId: 'first-talk', probability: 20 });
    const move = { stageId: 'offer' };
    expect(await api.post(`/api/v1/deals/${deal.id}/move`, move)).toMatchObject({ status: 422 });
    await api.del(`/api/v1/deals/${deal.id}`);
    expect(await api.del(path)).toMatchObject({ status: 204 });
  });
});

test('a stage that is taken away while deals move into it leaves none behind', async () => {
  const api = await callerOf();
  const stages = [
    { id: 'from', name: 'From', kind: 'open', probability: 20 },
    { id: 'into', name: 'Into', kind: 'open', probability: 60 },
    ...[
      { name: 'Won', kind: 'won' },
      { name: 'Lost', kind: 'lost' },
    ],
  ];
  const race = async () => {
    const { id } = await made(api, '/api/v1/pipelines', { name: 'Raced', stages });
    const deals = await Promise.all(
      [1, 2, 3, 4].map((title) => made(api, '/api/v1/deals', { title: `${title}`, pipelineId: id })),
    );
    await Promise.all([
      api.patch(`/api/v1/pipelines/${id}`, { stages: stages.filter((stage) => stage.name !== 'Into') }),
      ...deals.map((deal) => api.post(`/api/v1/deals/${deal.id}/move`, { stageId: 'into' })),
    ]);
    const { body } = await api.get(`/api/v1/pipelines/${id}`);
    const there = body.stages.some((stage: { id: string }) => stage.id === 'into');
    const { data } = (await api.get(`/api/v1/deals?pipelineId=${id}&stageId=into`)).body;
    expect(there ? [] : data).toEqual([]);
  };
  await Promise.all([race(), race(), race(), race()]);
});

test('the forecast weighs open deals by probability, month by month', async () => {
  const api = await callerOf();
  const deal = (body: object) => made(api, '/api/v1/deals', { title: 'Forecast', ...body });
  await deal({ amount: 333, currency: 'EUR', probability: 50, expectedCloseOn: '2030-01-31' });
  await deal({ amount: 101, currency: 'EUR', probability: 1, expectedCloseOn: '2030-01-01' });
  await deal({ amount: 1_000, currency: 'JPY', probability: 10, expectedCloseOn: '2030-03-01' });
  await deal({ currency: 'JPY', expectedCloseOn: '2030-03-02' });
  await deal({ amount: 9, currency: 'EUR', stageId: 'won', expectedCloseOn: '2030-03-01' });
  const path = '/api/v1/deals/forecast?from=2030-01&to=2030-12';
  const expected = [
    { month: '2030-01', count: 2, byCurrency: [{ currency: 'EUR', count: 2, amount: 434, weighted: 168 }] },
    { month: '2030-03', count: 2, byCurrency: [{ currency: 'JPY', count: 2, amount: 1_000, weighted: 100 }] },
  ];
  const forecast = await eventually(
    () => api.get(path),
    ({ body }) => JSON.stringify(body.data) === JSON.stringify(expected),
    30_000,
  );
  expect(forecast.body.data).toEqual(expected);
  expect((await api.get(`${path}&currency=JPY`)).body.data).toEqual(expected.slice(1));
  expect((await api.get('/api/v1/deals/forecast?from=9999-06')).status).toBe(200);
  const refused = await api.get('/api/v1/deals/forecast?from=2030-13&to=tomorrow&currency=EURO');
  expect(refused.body.errors).toMatchObject([
    { parameter: 'from' },
    { parameter: 'to' },
    { parameter: 'currency' },
  ]);
});
