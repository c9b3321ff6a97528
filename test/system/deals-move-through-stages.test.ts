import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

async function made(path: string, body: object): Promise<Answer['body']> {
  const answer = await api.post(path, body);
  if (answer.status !== 201) throw new Error(answer.summary);
  return answer.body;
}

const deals = '/api/v1/deals';
const newDeal = (body: object = {}) => made(deals, { title: 'Deal', ...body });
const moveTo = (id: string, body: object, headers?: Record<string, string>) =>
  api.post(`${deals}/${id}/move`, body, headers);
const tasksAbout = async (id: string) => {
  const { data } = (await api.get(`/api/v1/tasks?about=deal:${id}`)).body;
  const found = data.map((task: { id: string }) => api.get(`/api/v1/tasks/${task.id}`));
  return (await Promise.all(found)).map(({ body }) => body);
};

describe('a deal', () => {
  test('begins in the first stage of the pipeline that every tenant has', async () => {
    const deal = await newDeal({ amount: 150_000 });
    expect(deal).toMatchObject({
      ...{
        stageId: 'lead',
        status: 'open',
        probability: 10,
        currency: 'USD',
        closedAt: null,
        rotting: false,
      },
      stageHistory: [{ pipelineId: deal.pipelineId, stageId: 'lead', at: deal.createdAt }],
    });
    const pipeline = await api.get(`/api/v1/pipelines/${deal.pipelineId}`);
    expect(pipeline.body).toMatchObject({ name: 'Sales', version: 1, createdBy: 'system' });
  });

  test('moves by its action as by a patch, and a move can be repeated', async () => {
    const { id } = await newDeal();
    const moved = await moveTo(id, { stageId: 'proposal' }, { 'if-match': '"v1"' });
    expect(moved.body).toMatchObject({ stageId: 'proposal', probability: 50, version: 2 });
    expect(moved.headers.get('etag')).toBe('"v2"');
    expect((await moveTo(id, { stageId: 'proposal' })).body).toMatchObject({ version: 2 });
    const patched = await api.patch(`${deals}/${id}`, { stageId: 'negotiation', probability: 80 });
    expect(patched.body).toMatchObject({ stageId: 'negotiation', probability: 80, version: 3 });
    expect(patched.body.stageHistory.map(({ stageId }: { stageId: string }) => stageId)).toEqual([
      ...['lead', 'proposal', 'negotiation'],
    ]);
    expect(await moveTo(id, { stageId: 'won' }, { 'if-match': '"v2"' })).toMatchObject({ status: 412 });
  });

  test('is lost for a reason only, and opened again without one', async () => {
    const { id } = await newDeal();
    const refused = await moveTo(id, { stageId: 'lost' });
    expect(refused.status).toBe(422);
    expect(refused.body.errors).toMatchObject([{ pointer: '/lostReason', code: 'required' }]);
    const lost = await moveTo(id, { stageId: 'lost', lostReason: 'Too dear' });
    expect(lost.body).toMatchObject({ status: 'lost', probability: 0, lostReason: 'Too dear' });
    expect(lost.body.closedAt).toBe(lost.body.stageEnteredAt);
    const opened = await api.patch(`${deals}/${id}`, { stageId: 'qualified' });
    expect(opened.body).toMatchObject({ status: 'open', probability: 25, lostReason: null, closedAt: null });
  });

  test.each([
    ['a stage that there is not', { stageId: 'nowhere' }, '/stageId'],
    ['a pipeline that there is not', { pipelineId: 'pipe_01ARZ3NDEKTSV4RRFFQ69G5FAV' }, '/pipelineId'],
    ['a currency that there is not', { amount: 1, currency: 'XXX' }, '/currency'],
    ['a negative amount', { amount: -1 }, '/amount'],
    ['what only rules set', { status: 'won' }, '/status'],
    ['a contact of nobody', { contactId: 'con_01ARZ3NDEKTSV4RRFFQ69G5FAV' }, '/contactId'],
  ])('is refused with %s', async (_, body, pointer) => {
    const answer = await api.post(deals, { title: 'Refused', ...body });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });

  test('is found by its stage, amount and time, and when it rots', async () => {
    const stages = [
      { name: 'Talks', kind: 'open', probability: 40, rotDays: 1 },
      ...[
        { name: 'Won', kind: 'won' },
        { name: 'Lost', kind: 'lost' },
      ],
    ];
    const { id: pipelineId } = await made('/api/v1/pipelines', { name: 'Found', stages });
    const amounts = [300, 100, 200];
    for (const amount of amounts)
      await newDeal({ pipelineId, amount, expectedCloseOn: `2031-01-0${amount / 100}` });
    const page = async (query: string) => {
      const answer = await api.get(`${deals}?${query}`);
      if (answer.status !== 200) throw new Error(answer.summary);
      return answer.body.data.map(({ amount }: { amount: number }) => amount);
    };
    const [first] = (await api.get(`${deals}?pipelineId=${pipelineId}&stageId=talks`)).body.data;
    expect(Date.parse(first.rottingAt) - Date.parse(first.stageEnteredAt)).toBe(86_400_000);
    expect(await page(`pipelineId=${pipelineId}&stageId=talks`)).toEqual([200, 100, 300]);
    expect(await page(`pipelineId=${pipelineId}&sort=-amount`)).toEqual([300, 200, 100]);
    expect(await page(`pipelineId=${pipelineId}&amount[gte]=200&sort=amount`)).toEqual([200, 300]);
    expect(await page('expectedCloseOn[gt]=2031-01-01&expectedCloseOn[lt]=2032-01-01')).toEqual([200, 300]);
    expect(await page(`pipelineId=${pipelineId}&rotting=true`)).toEqual([]);
  });
});

describe('many at once', () => {
  const ways = ['qualified', 'proposal', 'negotiation'];
  test('twenty moves without If-Match take effect one after the other', async () => {
    const { id } = await newDeal();
    const moves = Array.from({ length: 20 }, (_, at) => moveTo(id, { stageId: ways[at % ways.length] }));
    const answers = await Promise.all(moves);
    // Whoever has lost a dozen races is told so.
    for (const { status, summary } of answers)
      expect([status, summary]).toEqual([status === 409 ? 409 : 200, summary]);
    const moved = answers.filter(({ status }) => status === 200);
    expect(moved.length).toBeGreaterThan(0);
    const { body } = await api.get(`${deals}/${id}`);
    // A move to where the deal stands already is none.
    expect(body.stageHistory).toHaveLength(body.version);
    expect(Math.max(...moved.map((answer) => answer.body.version))).toBe(body.version);
    const times = body.stageHistory.map(({ at }: { at: string }) => at);
    expect(times).toEqual(times.toSorted());
  });

  test('of twenty moves with the same If-Match one takes effect', async () => {
    const { id } = await newDeal();
    const moves = Array.from({ length: 20 }, (_, at) =>
      moveTo(id, { stageId: ways[at % ways.length] }, { 'if-match': '"v1"' }),
    );
    const statuses = (await Promise.all(moves)).map(({ status }) => status).toSorted();
    expect(statuses).toEqual([200, ...Array.from({ length: 19 }, () => 412)]);
  });
});

describe('a deal that is won', () => {
  const stages = [
    { id: 'talks', name: 'Talks', kind: 'open', probability: 40 },
    { id: 'signed', name: 'Signed', kind: 'won' },
    { id: 'gone', name: 'Gone', kind: 'lost' },
  ];

  test('makes its contact a customer and its tasks, once for each time', async () => {
    await api.put('/api/v1/task-types/onboard', { executor: 'worker' });
    const onWon = [
      { type: 'onboard', input: { plan: 'a' }, withDeal: true },
      { type: 'todo', title: 'Send a present', dueInDays: 3, assigneeId: 'owner' },
    ];
    const { id: pipelineId } = await made('/api/v1/pipelines', { name: 'With tasks', stages, onWon });
    const { id: contactId } = await made('/api/v1/contacts', { name: 'Customer to be' });
    const { id } = await newDeal({ pipelineId, contactId, amount: 7, ownerId: 'ann' });
    const wins = Array.from({ length: 8 }, (_, at) =>
      moveTo(id, { stageId: 'signed' }, at % 2 ? { 'idempotency-key': `win-${id}` } : {}),
    );
    for (const { status, summary } of await Promise.all(wins)) {
      // A call under the same key may still be running.
      expect([200, 409]).toContain(status);
      if (status === 409) expect(summary).toContain('idempotency_in_flight');
    }
    expect((await api.get(`/api/v1/contacts/${contactId}`)).body).toMatchObject({
      stage: 'customer',
      version: 2,
    });
    const tasks = await eventually(
      () => tasksAbout(id),
      (found) => found.length >= 2,
    );
    expect(tasks).toHaveLength(2);
    expect(tasks).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          type: 'onboard',
          input: { plan: 'a', deal: expect.objectContaining({ id, amount: 7, currency: 'USD', contactId }) },
        }),
        expect.objectContaining({ title: 'Send a present', assigneeId: 'ann', dueAt: expect.any(String) }),
      ]),
    );
    const history = await eventually(
      async () => (await api.get(`/api/v1/contacts/${contactId}/history`)).body.data,
      (entries) => entries.length === 2,
      30_000,
    );
    expect(history[0].changes).toEqual([{ field: 'stage', old: 'lead', new: 'customer' }]);
    expect((await api.get('/api/v1/contacts?stage=customer')).body.data).toMatchObject([{ id: contactId }]);

    await moveTo(id, { stageId: 'talks' });
    await moveTo(id, { stageId: 'signed' });
    expect(await tasksAbout(id)).toHaveLength(4);
  });

  test('is won also when its contact is gone and a task cannot be made any more', async () => {
    const onWon = [{ type: 'strict', input: {} }];
    await api.put('/api/v1/task-types/strict', { executor: 'worker' });
    const { id: pipelineId } = await made('/api/v1/pipelines', { name: 'Out of date', stages, onWon });
    const { id: contactId } = await made('/api/v1/contacts', { name: 'Gone' });
    const { id } = await newDeal({ pipelineId, contactId });
    await api.del(`/api/v1/contacts/${contactId}`);
    await api.put('/api/v1/task-types/strict', { executor: 'worker', inputSchema: { required: ['plan'] } });
    expect(await moveTo(id, { stageId: 'signed' })).toMatchObject({ status: 200 });
    const [task] = await tasksAbout(id);
    // Types are remembered for 30 s, so the old one may still be in force.
    expect([task.type, task.title ?? null]).toEqual(
      task.type === 'todo' ? ['todo', 'Could not be made: strict'] : ['strict', null],
    );
  });

  test('a pipeline does not declare tasks that could not be made', async () => {
    await api.put('/api/v1/task-types/checked', { executor: 'worker', inputSchema: { required: ['plan'] } });
    const onWon = [
      { type: 'nobody' },
      { type: 'dead-letters.redrive' },
      { type: 'checked', input: {} },
      { type: 'todo' },
    ];
    const answer = await api.post('/api/v1/pipelines', { name: 'Wrong', stages, onWon });
    expect(answer.body.errors).toMatchObject([
      { pointer: '/onWon/0/type', code: 'unknown_type' },
      { pointer: '/onWon/1/type', code: 'not_allowed' },
      { pointer: '/onWon/2/input/plan', code: 'required' },
    ]);
  });
});
