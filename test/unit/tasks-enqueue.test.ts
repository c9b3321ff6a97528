import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { putItem } from '../../functions/shared/dynamo/table.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import {
  claim,
  claimOne,
  enqueue,
  holderOf,
  newActor,
  pause,
  problemCode,
  registerType,
} from '../support/tasks.ts';

const { enqueueBatch } = await import('../../functions/tasks/enqueue/enqueue-batch.ts');
const { enqueueAtomicBatch } = await import('../../functions/tasks/enqueue/enqueue-atomic-batch.ts');
const { cancelTask } = await import('../../functions/tasks/lifecycle/cancel.ts');
const { getTask, listTasks } = await import('../../functions/tasks/find-tasks.ts');
const { retryTask } = await import('../../functions/tasks/lifecycle/retry.ts');
const { completeTask } = await import('../../functions/tasks/lease/settle.ts');
const { carryOut } = await import('../../functions/shared/write-plan.ts');

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

const soon = (millis: number) => new Date(Date.now() + millis).toISOString();

describe('enqueuing', () => {
  test.concurrent.each<[string, Record<string, unknown>]>([
    ['an unknown type', { type: 'no.such' }],
    ['a built-in type that has its own route', { type: 'records.import' }],
    ['an unknown field', { prioritty: 1 }],
    ['a priority out of range', { priority: 101 }],
    ['a fractional priority', { priority: 1.5 }],
    ['two starts', { runAt: soon(1_000), delaySeconds: 1 }],
    ['a deadline in the past', { deadline: '2020-01-01T00:00:00Z' }],
    ['a deadline before the start', { delaySeconds: 60, deadline: soon(30_000) }],
    ['an instant without a zone', { runAt: '2030-01-01T00:00:00' }],
    ['a year of five digits', { runAt: '9999-12-31T23:59:59-23:59' }],
    ['a negative delay', { delaySeconds: -1 }],
    ['an id of another kind', { about: { type: 'contact', id: 'com_01JD0000000000000000000000' } }],
    ['a record that tasks are never about', { about: { type: 'planet', id: 'x' } }],
  ])('refuses %s', async (_, body) => {
    const actor = newActor();
    await registerType(actor);
    expect(await problemCode(enqueue(actor, body))).toBe('validation_failed');
  });

  test.concurrent('refuses an input above 256 KB with the limit', async () => {
    const actor = newActor();
    await registerType(actor);
    expect(await problemCode(enqueue(actor, { input: 'x'.repeat(256 * 1024 - 1) }))).toBe(
      'payload_too_large',
    );
    expect((await enqueue(actor, { input: 'x'.repeat(256 * 1024 - 2) })).state).toBe('ready');
  });

  test.concurrent('times of other zones become UTC', async () => {
    const actor = newActor();
    await registerType(actor);
    const task = await enqueue(actor, { runAt: '2040-01-31T09:30:00+02:00' });
    expect(task).toMatchObject({ state: 'scheduled', runAt: '2040-01-31T07:30:00.000Z' });
  });
});

describe('a dedupe key', () => {
  test.concurrent('finds the living task, whoever and how many ask', async () => {
    const actor = newActor();
    await registerType(actor);
    const tasks = await Promise.all(Array.from({ length: 8 }, () => enqueue(actor, { dedupeKey: 'k' })));
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(1);
    expect(await claim(actor, { max: 10 })).toHaveLength(1);
  });

  test.concurrent('is free again once its task has ended, for exactly one', async () => {
    const actor = newActor();
    await registerType(actor);
    const first = await enqueue(actor, { dedupeKey: 'k' });
    await completeTask(holderOf(await claimOne(actor)), 1, actor);
    const next = await Promise.all(Array.from({ length: 8 }, () => enqueue(actor, { dedupeKey: 'k' })));
    expect(new Set(next.map(({ id }) => id)).size).toBe(1);
    expect(next[0]?.id).not.toBe(first.id);
  });

  test.concurrent('of another type or tenant is another key', async () => {
    const [actor, other] = [newActor(), newActor()];
    await registerType(actor);
    await registerType(actor, 'sms.send');
    await registerType(other);
    const made = [
      await enqueue(actor, { dedupeKey: 'k' }),
      await enqueue(actor, { dedupeKey: 'k', type: 'sms.send' }),
      await enqueue(other, { dedupeKey: 'k' }),
    ];
    expect(new Set(made.map(({ id }) => id)).size).toBe(3);
  });

  test.concurrent('that a newer task holds keeps the older one from being retried', async () => {
    const actor = newActor();
    await registerType(actor);
    const first = await enqueue(actor, { dedupeKey: 'k' });
    await cancelTask(first.id, undefined, actor, carryOut);
    const second = await enqueue(actor, { dedupeKey: 'k' });
    expect(await problemCode(retryTask(first.id, undefined, actor, carryOut))).toBe('duplicate');
    await cancelTask(second.id, undefined, actor, carryOut);
    expect((await retryTask(first.id, undefined, actor, carryOut)).state).toBe('ready');
    expect((await enqueue(actor, { dedupeKey: 'k' })).id).toBe(first.id);
  });
});

describe('a batch', () => {
  const idempotency = (tenantId: string) => ({ tenantId, subject: 'sub', key: 'batch-1', fingerprint: 'f' });

  test.concurrent('makes what it can and says what is wrong with the rest', async () => {
    const actor = newActor();
    await registerType(actor);
    const living = await enqueue(actor, { dedupeKey: 'k' });
    const { results } = await enqueueBatch(
      {
        tasks: [
          { type: 'email.send', input: 1 },
          { type: 'no.such' },
          { type: 'email.send', dedupeKey: 'k' },
          { type: 'email.send', priority: 'high' },
        ],
        atomic: false,
      },
      actor,
      undefined,
    );
    expect(results.map(({ status }) => status)).toEqual([201, 422, 200, 422]);
    expect(results[2]?.body).toContain(living.id);
    expect(results[3]?.problem?.options.errors?.[0]?.pointer).toBe('/tasks/3/priority');
  });

  test.concurrent('of a hundred is made once, however often it is sent', async () => {
    const actor = newActor();
    await registerType(actor);
    const tasks = Array.from({ length: 100 }, (_, at) => ({
      type: 'email.send',
      input: { at, text: 'x'.repeat(5_000) },
      ...(at % 20 === 0 && { dedupeKey: `k${at}` }),
    }));
    const key = idempotency(actor.caller.tenantId);
    const first = await enqueueBatch({ tasks, atomic: false }, actor, key);
    const again = await enqueueBatch({ tasks, atomic: false }, actor, key);
    expect(first.replayed).toBe(false);
    expect(again).toEqual({ ...first, replayed: true });
    const page = await listTasks({ type: 'email.send', limit: '100' }, actor);
    expect(page.data).toHaveLength(100);
    expect(page.page.nextCursor).toBeNull();
  });

  test.concurrent('that is atomic is made whole or not at all', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor, { dedupeKey: 'k' });
    const good = Array.from({ length: 10 }, () => ({ type: 'email.send' }));
    const bad = { tasks: [...good, { type: 'email.send', dedupeKey: 'k' }], atomic: true };
    expect(await problemCode(enqueueAtomicBatch(bad, actor, undefined))).toBe('duplicate');
    expect((await listTasks({ type: 'email.send' }, actor)).data).toHaveLength(1);
    const key = idempotency(actor.caller.tenantId);
    const first = await enqueueAtomicBatch({ tasks: good, atomic: true }, actor, key);
    expect(await enqueueAtomicBatch({ tasks: good, atomic: true }, actor, key)).toEqual({
      ...first,
      replayed: true,
    });
    expect((await listTasks({ type: 'email.send' }, actor)).data).toHaveLength(11);
  });
});

describe('a batch that is repeated', () => {
  const keyOf = (tenantId: string, fingerprint = 'f') => ({
    tenantId,
    subject: 'sub',
    key: 'batch-1',
    fingerprint,
  });
  const idsOf = ({ results }: { results: { body?: string }[] }) =>
    results.map(({ body }) => body && (JSON.parse(body) as { id: string }).id);
  const count = async (actor: ReturnType<typeof newActor>) =>
    (await listTasks({ limit: '100' }, actor)).data.length;

  test.concurrent('after a type became known makes just what is missing', async () => {
    const actor = newActor();
    await registerType(actor);
    const key = keyOf(actor.caller.tenantId);
    const tasks = [
      { type: 'late.type' },
      ...Array.from({ length: 4 }, (_, input) => ({ type: 'email.send', input })),
      { type: 'late.type', dedupeKey: 'k' },
    ];
    const first = await enqueueBatch({ tasks, atomic: false }, actor, key);
    expect(first.results.map(({ status }) => status)).toEqual([422, 201, 201, 201, 201, 422]);
    await registerType(actor, 'late.type');
    const second = await enqueueBatch({ tasks, atomic: false }, actor, key);
    expect(second.results.map(({ status }) => status)).toEqual(Array(6).fill(201));
    expect(second.results.slice(1, 5)).toEqual(first.results.slice(1, 5));
    expect(second.replayed).toBe(false);
    expect(await count(actor)).toBe(6);
    const third = await enqueueBatch({ tasks, atomic: false }, actor, key);
    expect(third).toEqual({ ...second, replayed: true });
    expect(await count(actor)).toBe(6);
  });

  test.concurrent.each([false, true])(
    'answers tasks whose latest start has passed since (atomic: %j)',
    async (atomic) => {
      const actor = newActor();
      await registerType(actor);
      const key = keyOf(actor.caller.tenantId);
      const startBy = soon(3_000);
      const tasks = [
        { type: 'email.send', startBy },
        { type: 'email.send', input: { a: [] }, startBy: soon(60_000) },
        { type: 'email.send', dedupeKey: 'k', startBy },
      ];
      const run = atomic ? enqueueAtomicBatch : enqueueBatch;
      const first = await run({ tasks, atomic }, actor, key);
      expect(first.results.map(({ status }) => status)).toEqual([201, 201, 201]);
      await pause(3_100);
      const again = await run({ tasks, atomic }, actor, key);
      expect(again).toEqual({ ...first, replayed: true });
      expect(await count(actor)).toBe(3);
    },
  );

  test.concurrent('all of whose tasks have become invalid is still answered', async () => {
    const actor = newActor();
    await registerType(actor);
    const key = keyOf(actor.caller.tenantId);
    const tasks = Array.from({ length: 100 }, () => ({ type: 'email.send', startBy: soon(4_000) }));
    const first = await enqueueBatch({ tasks, atomic: false }, actor, key);
    await pause(4_100);
    const again = await enqueueBatch({ tasks, atomic: false }, actor, key);
    expect(idsOf(again)).toEqual(idsOf(first));
    expect(again.replayed).toBe(true);
  });

  test.concurrent('with another body is refused as a whole', async () => {
    const actor = newActor();
    await registerType(actor);
    const { tenantId } = actor.caller;
    const one = { tasks: [{ type: 'no.such' }], atomic: false };
    await enqueueBatch(one, actor, keyOf(tenantId, 'one'));
    const other = { tasks: [{ type: 'email.send' }, { type: 'email.send', dedupeKey: 'k' }], atomic: false };
    expect(await problemCode(enqueueBatch(other, actor, keyOf(tenantId, 'two')))).toBe(
      'idempotency_mismatch',
    );
    expect(await count(actor)).toBe(0);
  });
});

describe('an atomic batch', () => {
  test.concurrent('takes dedupe keys over from tasks that have ended', async () => {
    const actor = newActor();
    await registerType(actor);
    const ended = [];
    for (const dedupeKey of ['a', 'b']) {
      const task = await enqueue(actor, { dedupeKey });
      ended.push(await cancelTask(task.id, undefined, actor, carryOut));
    }
    const tasks = ['a', 'b', 'c'].map((dedupeKey) => ({ type: 'email.send', dedupeKey }));
    const key = { ...actor.caller, key: 'atomic-1', fingerprint: 'f' };
    const { results } = await enqueueAtomicBatch({ tasks, atomic: true }, actor, key);
    expect(results.map(({ status }) => status)).toEqual([201, 201, 201]);
    for (const { id } of ended) {
      expect(await problemCode(retryTask(id, undefined, actor, carryOut))).toBe('duplicate');
    }
  });

  test.concurrent('gives the key of a task that has failed as it was made to the next one that wants it', async () => {
    const actor = newActor();
    await registerType(actor);
    const parent = await enqueue(actor);
    await cancelTask(parent.id, undefined, actor, carryOut);
    const failed = { type: 'email.send', dedupeKey: 'a', dependsOn: [parent.id] };
    const tasks = [failed, { type: 'email.send', dedupeKey: 'a' }];
    const { results } = await enqueueAtomicBatch({ tasks, atomic: true }, actor, undefined);
    const made = await Promise.all(results.map(({ taskId = '' }) => getTask(taskId, actor)));
    expect(made.map(({ state }) => state)).toEqual(['cancelled', 'ready']);
    expect((await enqueue(actor, { dedupeKey: 'a' })).id).toBe(made[1]?.id);
  });

  test.concurrent('points to the task whose dedupe key a living one has', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor, { dedupeKey: 'a' });
    await completeTask(holderOf(await claimOne(actor)), 1, actor);
    const living = await enqueue(actor, { dedupeKey: 'b' });
    const tasks = ['a', 'b'].map((dedupeKey) => ({ type: 'email.send', dedupeKey }));
    await expect(enqueueAtomicBatch({ tasks, atomic: true }, actor, undefined)).rejects.toMatchObject({
      code: 'duplicate',
      options: { errors: [{ pointer: '/tasks/1/dedupeKey' }], extensions: { existingId: living.id } },
    });
  });
});

describe('the list', () => {
  test.concurrent('answers each filter from its index, newest first, page by page', async () => {
    const actor = newActor();
    await registerType(actor);
    const about = { type: 'contact', id: 'con_01JD0000000000000000000000' } as const;
    await putItem('crm', { pk: `${actor.caller.tenantId}#contact`, sk: about.id });
    const made = [
      await enqueue(actor, { priority: 5 }),
      await enqueue(actor, { type: 'todo', assigneeId: 'ada', about, title: 'one' }),
      await enqueue(actor, { type: 'todo', assigneeId: 'bob', about }),
      await enqueue(actor, { delaySeconds: 60 }),
    ];
    const ids = async (query: Record<string, string>) =>
      (await listTasks(query, actor)).data.map(({ id }) => id);
    const at = (...indexes: number[]) => indexes.map((index) => made[index]?.id);
    expect(await ids({})).toEqual(at(3, 2, 1, 0));
    expect(await ids({ sort: 'createdAt' })).toEqual(at(0, 1, 2, 3));
    expect(await ids({ state: 'scheduled' })).toEqual(at(3));
    expect(await ids({ type: 'todo' })).toEqual(at(2, 1));
    expect(await ids({ assigneeId: 'ada' })).toEqual(at(1));
    expect(await ids({ about: `contact:${about.id}` })).toEqual(at(2, 1));
    expect(await ids({ about: `contact:${about.id}`, assigneeId: 'bob' })).toEqual(at(2));
    expect(await ids({ 'priority[gte]': '1' })).toEqual(at(0));
    expect(await ids({ 'createdAt[gt]': made[3]?.createdAt as string })).toEqual([]);
    const first = await listTasks({ limit: '3' }, actor);
    expect(first.data).toHaveLength(3);
    const cursor = first.page.nextCursor as string;
    expect(await ids({ limit: '3', cursor })).toEqual(at(0));
    expect((await listTasks({ fields: 'id,title', assigneeId: 'ada' }, actor)).data).toEqual([
      { id: made[1]?.id, title: 'one' },
    ]);
    expect(await problemCode(listTasks({ sort: 'priority' }, actor))).toBe('unsupported_sort');
    expect(await problemCode(listTasks({ limit: '3', cursor, state: 'ready' }, actor))).toBe(
      'invalid_cursor',
    );
    expect((await listTasks({}, newActor())).data).toEqual([]);
  });

  test.concurrent('follows a task through its states', async () => {
    const actor = newActor();
    await registerType(actor);
    await enqueue(actor);
    const inState = async (state: string) => (await listTasks({ state }, actor)).data.length;
    expect(await inState('ready')).toBe(1);
    const task = await claimOne(actor);
    expect([await inState('ready'), await inState('claimed')]).toEqual([0, 1]);
    await completeTask(holderOf(task), 1, actor);
    expect([await inState('claimed'), await inState('completed')]).toEqual([0, 1]);
  });
});
