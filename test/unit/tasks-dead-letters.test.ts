import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Actor } from '../../functions/shared/actor.ts';
import type { TaskItem } from '../../functions/tasks/task.ts';
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
  tamper,
} from '../support/tasks.ts';

const { putItem } = await import('../../functions/shared/dynamo/table.ts');
const { carryOut } = await import('../../functions/shared/write-plan.ts');
const { cancelTask } = await import('../../functions/tasks/lifecycle/cancel.ts');
const { claimById } = await import('../../functions/tasks/claim/claim-by-id.ts');
const { listDeadLetters } = await import('../../functions/tasks/dead-letters/list-dead-letters.ts');
const { getTask } = await import('../../functions/tasks/find-tasks.ts');
const { retryTask } = await import('../../functions/tasks/lifecycle/retry.ts');
const { placeTask } = await import('../../functions/tasks/indexes/place-task.ts');
const { failTask } = await import('../../functions/tasks/lease/settle.ts');
const { handleTaskTimer } = await import('../../functions/tasks/lifecycle/task-timer.ts');
const { typeAt } = await import('../../functions/tasks/types/type-registry.ts');

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

const list = async (actor: Actor, query: Record<string, string> = {}) =>
  (await listDeadLetters(query, actor)).data;
const idsOf = async (actor: Actor, query: Record<string, string> = {}) =>
  (await list(actor, query)).map(({ id }) => id);

/** A task that has failed for good. */
async function dead(actor: Actor, code = 'smtp_down', body: Record<string, unknown> = {}): Promise<TaskItem> {
  const { type = 'email.send' } = body;
  await enqueue(actor, body);
  const claimed = await claimOne(actor, { types: [type] });
  const error = { code, message: 'no answer', details: { tries: 1 } };
  const { task } = await failTask(holderOf(claimed), { error, retryable: false }, actor);
  // Deaths of one millisecond are in the order of ids, and ids of the making, not of the death.
  await pause(2);
  return task;
}

async function newTenant(): Promise<Actor> {
  const actor = newActor();
  await registerType(actor);
  await registerType(actor, 'sms.send');
  return actor;
}

describe('a dead letter', () => {
  test('tells what died of what, when and after how many attempts', async () => {
    const actor = await newTenant();
    const about = { type: 'contact', id: `con_${'0'.repeat(26)}` };
    await putItem('crm', { pk: `${actor.caller.tenantId}#contact`, sk: about.id });
    const task = await dead(actor, 'bounced', { title: 'Welcome', about, input: { to: 'x' }, priority: 3 });
    expect(await list(actor)).toEqual([
      {
        id: task.id,
        type: 'email.send',
        typeVersion: 1,
        executor: 'worker',
        title: 'Welcome',
        about,
        priority: 3,
        dedupeKey: null,
        maxAttempts: 3,
        attempts: 1,
        workerId: 'worker-1',
        error: { code: 'bounced', message: 'no answer', details: { tries: 1 } },
        createdAt: task.createdAt,
        endedAt: task.endedAt,
        removedAt: new Date(Number(task.ttl) * 1_000).toISOString(),
      },
    ]);
  });

  test('is every task that died, whoever found it dead', async () => {
    const actor = await newTenant();
    const failed = await dead(actor);
    const spent = await enqueue(actor, { maxAttempts: 1 });
    const claimed = await claimOne(actor);
    await failTask(
      holderOf(claimed),
      { error: { code: 'spent', message: 'last try' }, retryable: true },
      actor,
    );
    await pause(2);
    const lost = await enqueue(actor, { maxAttempts: 1 });
    await claimOne(actor, { leaseSeconds: 1 });
    await pause(1_100);
    expect(await claim(actor, { waitSeconds: 1 })).toEqual([]);
    const ofRunner = await enqueue(actor, { maxAttempts: 1, priority: 1 });
    await claimOne(actor);
    await tamper(ofRunner, 'leaseExpiresAt', new Date(0).toISOString());
    expect(await claimById(await getTask(ofRunner.id, actor), { workerId: 'runner' }, actor)).toBe('ended');
    expect((await list(actor)).map(({ id, error }) => [id, error?.code])).toEqual([
      [ofRunner.id, 'lease_expired'],
      [lost.id, 'lease_expired'],
      [spent.id, 'spent'],
      [failed.id, 'smtp_down'],
    ]);
  });

  test('is none that was cancelled, nor one that was retried, until it dies again', async () => {
    const actor = await newTenant();
    const cancelled = await enqueue(actor);
    await cancelTask(cancelled.id, undefined, actor, carryOut);
    const task = await dead(actor);
    await retryTask(task.id, undefined, actor, carryOut);
    expect(await list(actor)).toEqual([]);
    expect(await list(actor, { type: 'email.send' })).toEqual([]);
    expect(await list(actor, { errorCode: 'smtp_down' })).toEqual([]);
    const again = await claimOne(actor);
    await failTask(holderOf(again), { error: { code: 'other', message: 'x' }, retryable: false }, actor);
    expect(await idsOf(actor, { errorCode: 'other' })).toEqual([task.id]);
    expect(await idsOf(actor, { errorCode: 'smtp_down' })).toEqual([]);
    await retryTask(task.id, undefined, actor, carryOut);
    await claimOne(actor);
    expect(await list(actor)).toEqual([]);
  });

  test('stays one when an index that lags behind shows the clock a timer that it had', async () => {
    const actor = await newTenant();
    await enqueue(actor, { deadline: new Date(Date.now() + 60_000).toISOString() });
    const claimed = await claimOne(actor);
    await failTask(holderOf(claimed), { error: { code: 'late', message: 'x' }, retryable: false }, actor);
    await handleTaskTimer(await getTask(claimed.id, actor), 'request-1', new Date(Date.now() + 120_000));
    expect(await idsOf(actor, { errorCode: 'late' })).toEqual([claimed.id]);
    const { version, ...task } = await getTask(claimed.id, actor);
    expect(version).toBe(3);
    expect(placeTask(task as TaskItem, await typeAt(task.tenantId, task.type, 1), 0)).toMatchObject({
      readySk: task.readySk,
      dueSk: task.dueSk,
      timerSk: task.timerSk,
    });
  });
});

describe('dead letters', () => {
  test('are listed by type, by error code, by both, and by time, the latest death first', async () => {
    const actor = await newTenant();
    const tasks: TaskItem[] = [];
    for (let at = 0; at < 8; at += 1) {
      const type = at % 2 === 0 ? 'email.send' : 'sms.send';
      tasks.push(await dead(actor, at % 4 < 2 ? 'down' : 'quota #1', { type }));
    }
    const newest = [...tasks].reverse();
    const which = (keep: (at: number) => boolean) =>
      newest.filter((task) => keep(tasks.indexOf(task))).map(({ id }) => id);
    expect(await idsOf(actor)).toEqual(which(() => true));
    expect(await idsOf(actor, { type: 'sms.send' })).toEqual(which((at) => at % 2 === 1));
    expect(await idsOf(actor, { errorCode: 'quota #1' })).toEqual(which((at) => at % 4 >= 2));
    expect(await idsOf(actor, { type: 'sms.send', errorCode: 'down' })).toEqual(which((at) => at % 4 === 1));
    expect(await idsOf(actor, { errorCode: 'nothing' })).toEqual([]);
    expect(await idsOf(actor, { type: 'unheard-of' })).toEqual([]);
    const from = tasks[2]?.endedAt as string;
    const to = tasks[6]?.endedAt as string;
    expect(await idsOf(actor, { from, to })).toEqual(which((at) => at >= 2 && at < 6));
    expect(await idsOf(actor, { from, to, type: 'email.send' })).toEqual(which((at) => at === 2 || at === 4));
    expect(await idsOf(actor, { from: inTokyo(from), to: inTokyo(to) })).toEqual(
      which((at) => at >= 2 && at < 6),
    );
    expect(await idsOf(actor, { from: to, to: from })).toEqual([]);
  });

  /** The same instant on a clock nine hours ahead. */
  const inTokyo = (instant: string) =>
    new Date(Date.parse(instant) + 9 * 3_600_000).toISOString().replace('Z', '+09:00');

  test('come in pages that neither repeat nor skip one', async () => {
    const actor = await newTenant();
    for (let at = 0; at < 7; at += 1) await dead(actor, at === 3 ? 'other' : 'down');
    const all = await idsOf(actor, { errorCode: 'down', type: 'email.send' });
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const query = { errorCode: 'down', type: 'email.send', limit: '2', ...(cursor && { cursor }) };
      const page = await listDeadLetters(query, actor);
      paged.push(...page.data.map(({ id }) => id));
      cursor = page.page.nextCursor ?? undefined;
    } while (cursor);
    expect(paged).toEqual(all);
    expect(all).toHaveLength(6);
    const { page } = await listDeadLetters({ limit: '2' }, actor);
    const other = { limit: '2', errorCode: 'down', cursor: page.nextCursor as string };
    expect(await problemCode(listDeadLetters(other, actor))).toBe('invalid_cursor');
    expect(await problemCode(listDeadLetters({ cursor: page.nextCursor as string }, newActor()))).toBe(
      'invalid_cursor',
    );
  });

  test('of another tenant are not seen; a key of some types names one of them', async () => {
    const actor = await newTenant();
    const task = await dead(actor);
    expect(await list(newActor())).toEqual([]);
    const scoped: Actor = { ...actor, caller: { ...actor.caller, taskTypes: ['email.send'] } };
    expect(await idsOf(scoped, { type: 'email.send' })).toEqual([task.id]);
    expect(await problemCode(list(scoped))).toBe('forbidden');
    expect(await problemCode(list(scoped, { type: 'sms.send' }))).toBe('forbidden');
    expect(await problemCode(list(scoped, { errorCode: 'smtp_down' }))).toBe('forbidden');
  });

  test.each<Record<string, string>>([
    { from: 'yesterday' },
    { to: '2026-13-01T00:00:00Z' },
    { from: '2026-01-01T00:00:00' },
    { limit: '0' },
    { limit: '101' },
    { limit: '-1' },
    { limit: '1e9' },
    { type: '' },
    { errorCode: 'x'.repeat(513) },
  ])('are not listed for %j', async (query) => {
    expect(await problemCode(listDeadLetters(query, newActor()))).toBe('validation_failed');
  });
});
