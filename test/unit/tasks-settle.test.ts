import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import {
  attemptsOf,
  claim,
  claimOne,
  enqueue,
  holderOf,
  newActor,
  problemCode,
  registerType,
} from '../support/tasks.ts';

const { cancelTask } = await import('../../functions/tasks/lifecycle/cancel.ts');
const { completeByHand } = await import('../../functions/tasks/lifecycle/complete-by-hand.ts');
const { getTask } = await import('../../functions/tasks/find-tasks.ts');
const { heartbeat } = await import('../../functions/tasks/lease/heartbeat.ts');
const { retryTask } = await import('../../functions/tasks/lifecycle/retry.ts');
const { completeTask, failTask, releaseTask } = await import('../../functions/tasks/lease/settle.ts');
const { carryOut } = await import('../../functions/shared/write-plan.ts');

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

const broken = { error: { code: 'smtp_down', message: 'no answer' }, retryable: true };
const cancel = (id: string, actor: Parameters<typeof getTask>[1]) => cancelTask(id, 'why', actor, carryOut);
const retry = (id: string, actor: Parameters<typeof getTask>[1], input?: unknown) =>
  retryTask(id, input, actor, carryOut);

async function leased(members: Record<string, unknown> = {}) {
  const actor = newActor();
  await registerType(actor);
  await enqueue(actor, members);
  return { actor, task: await claimOne(actor) };
}

describe('completing', () => {
  test('ends the task with its result and is the same when repeated', async () => {
    const { actor, task } = await leased();
    const done = await completeTask(holderOf(task), { sent: [], count: 0 }, actor);
    expect(done).toMatchObject({
      repeated: false,
      task: { state: 'completed', result: '{"sent":[],"count":0}' },
    });
    expect(done.task.leaseToken).toBeUndefined();
    const again = await completeTask(holderOf(task), 'something else', actor);
    expect(again).toMatchObject({
      repeated: true,
      task: { version: done.task.version, result: done.task.result },
    });
    expect(await attemptsOf(task.id, actor)).toMatchObject([{ attempt: 1, outcome: 'completed' }]);
  });

  test('twice at once completes once', async () => {
    const { actor, task } = await leased();
    const both = await Promise.all([1, 2].map((result) => completeTask(holderOf(task), result, actor)));
    expect(both.map(({ repeated }) => repeated).sort()).toEqual([false, true]);
    expect(both[0]?.task.result).toBe(both[1]?.task.result);
  });

  test('needs the current token: a wrong, garbled or altered one changes nothing', async () => {
    const { actor, task } = await leased();
    const token = task.leaseToken as string;
    const others = [
      'garbage',
      `${token.startsWith('x') ? 'y' : 'x'}${token.slice(1)}`,
      token.replace(/\.1\.1\.3\./, '.1.1.99.'),
      token.replace('email.send', 'no.such'),
    ];
    for (const leaseToken of others) {
      expect(leaseToken).not.toBe(token);
      expect(await problemCode(completeTask({ id: task.id, leaseToken }, 1, actor))).toBe('lease_lost');
    }
    expect((await getTask(task.id, actor)).version).toBe(task.version);
  });

  test('an unknown id and that of another tenant are not found', async () => {
    const { actor, task } = await leased();
    const other = newActor();
    await registerType(other);
    const unknown = { ...holderOf(task), id: 'task_01JD0000000000000000000000' };
    expect(await problemCode(completeTask(unknown, 1, actor))).toBe('not_found');
    expect(await problemCode(completeTask(holderOf(task), 1, other))).toBe('not_found');
    expect(await problemCode(heartbeat(holderOf(task), {}, other))).toBe('not_found');
    expect(await problemCode(cancel(task.id, other))).toBe('not_found');
  });

  test('a result that is too large is refused with the limit', async () => {
    const { actor, task } = await leased();
    expect(await problemCode(completeTask(holderOf(task), 'x'.repeat(200_000), actor))).toBe(
      'payload_too_large',
    );
  });

  test('the largest input, result and error fit into one item together', async () => {
    const actor = newActor();
    await registerType(actor, 'email.send', { retry: { maxAttempts: 30, initialSeconds: 0, jitter: false } });
    await enqueue(actor, { input: 'x'.repeat(256 * 1024 - 2), title: '€'.repeat(200) });
    const error = { code: 'e'.repeat(100), message: '€'.repeat(2_000), details: 'x'.repeat(8_000) };
    for (let attempt = 1; attempt <= 25; attempt += 1) {
      const task = await claimOne(actor, { workerId: '€'.repeat(128) });
      await failTask(holderOf(task), { error, retryable: true }, actor);
    }
    const task = await claimOne(actor);
    const done = await completeTask(holderOf(task), 'y'.repeat(96 * 1024 - 2), actor);
    expect(done.task.state).toBe('completed');
    expect(await attemptsOf(task.id, actor)).toHaveLength(20);
  });
});

describe('failing', () => {
  test('schedules the next attempt by the backoff of the type', async () => {
    const { actor, task } = await leased();
    const { task: after } = await failTask(holderOf(task), broken, actor);
    expect(after).toMatchObject({ state: 'scheduled', attempt: 1, error: { code: 'smtp_down' } });
    expect(Date.parse(after.runAt as string) - Date.parse(after.updatedAt)).toBe(1_000);
    expect(await claim(actor)).toEqual([]);
    expect(await claimOne(actor, { waitSeconds: 3 })).toMatchObject({ id: task.id, attempt: 2 });
  });

  test('honours retryAfterSeconds, and none means now', async () => {
    const { actor, task } = await leased();
    const { task: after } = await failTask(holderOf(task), { ...broken, retryAfterSeconds: 0 }, actor);
    expect(after.state).toBe('ready');
    const second = await claimOne(actor);
    const { task: later } = await failTask(holderOf(second), { ...broken, retryAfterSeconds: 60 }, actor);
    expect(Date.parse(later.runAt as string) - Date.now()).toBeGreaterThan(58_000);
  });

  test('ends dead after the last attempt, or at once when it is not to be retried', async () => {
    const { actor, task } = await leased({ maxAttempts: 2 });
    await failTask(holderOf(task), { ...broken, retryAfterSeconds: 0 }, actor);
    const last = await failTask(holderOf(await claimOne(actor)), broken, actor);
    expect(last.task).toMatchObject({ state: 'dead', attempt: 2 });
    const other = await leased();
    const dead = await failTask(holderOf(other.task), { ...broken, retryable: false }, other.actor);
    expect(dead.task).toMatchObject({ state: 'dead', attempt: 1, ttl: expect.any(Number) });
  });

  test('repeated with the same token gives the same answer and spends nothing more', async () => {
    const { actor, task } = await leased();
    const first = await failTask(holderOf(task), broken, actor);
    const again = await failTask(holderOf(task), broken, actor);
    expect(again.repeated).toBe(true);
    expect(again.task.version).toBe(first.task.version);
    expect(await problemCode(completeTask(holderOf(task), 1, actor))).toBe('lease_lost');
  });

  test('keeps an error whose text is cut within an emoji', async () => {
    const { actor, task } = await leased();
    const message = `${'x'.repeat(299)}😀 and more`;
    await failTask(holderOf(task), { error: { code: 'odd', message }, retryable: true }, actor);
    expect(await getTask(task.id, actor)).toMatchObject({ state: 'scheduled', error: { message } });
    expect(await attemptsOf(task.id, actor)).toMatchObject([{ outcome: 'failed', error: { message } }]);
  });

  test('of a task that is to be cancelled cancels it', async () => {
    const { actor, task } = await leased();
    await cancel(task.id, actor);
    expect((await failTask(holderOf(task), broken, actor)).task.state).toBe('cancelled');
    expect(await claim(actor)).toEqual([]);
  });
});

describe('releasing', () => {
  test('gives the task back without spending an attempt', async () => {
    const { actor, task } = await leased();
    expect((await releaseTask(holderOf(task), 0, actor)).task).toMatchObject({ state: 'ready', attempt: 0 });
    expect(await claimOne(actor)).toMatchObject({ id: task.id, attempt: 1, lease: 2 });
  });

  test('with a delay keeps it away that long', async () => {
    const { actor, task } = await leased();
    expect((await releaseTask(holderOf(task), 60, actor)).task.state).toBe('scheduled');
    expect(await claim(actor)).toEqual([]);
  });

  test('for ever never makes the item grow', async () => {
    const { actor, task } = await leased();
    let current = task;
    for (let at = 0; at < 30; at += 1) {
      await releaseTask(holderOf(current), 0, actor);
      current = await claimOne(actor);
    }
    const attempts = await attemptsOf(task.id, actor);
    expect(attempts).toHaveLength(20);
    expect(attempts.at(-1)).toMatchObject({ lease: 31, attempt: 1, outcome: 'running' });
  });
});

describe('cancelling', () => {
  test('ends what waits, marks what is worked on, and is the same when repeated', async () => {
    const actor = newActor();
    await registerType(actor);
    const waiting = await enqueue(actor);
    const cancelled = await cancel(waiting.id, actor);
    expect(cancelled).toMatchObject({ state: 'cancelled', reason: 'why' });
    expect((await cancel(waiting.id, actor)).version).toBe(cancelled.version);
    expect(await claim(actor)).toEqual([]);
    await enqueue(actor);
    const task = await claimOne(actor);
    expect(await cancel(task.id, actor)).toMatchObject({ state: 'claimed', cancelRequested: true });
    const done = await completeTask(holderOf(task), 1, actor);
    expect(done.task.state).toBe('completed');
    expect(await problemCode(cancel(task.id, actor))).toBe('invalid_transition');
  });
});

describe('retrying', () => {
  test('gives a dead task all its attempts again, with a new input if there is one', async () => {
    const { actor, task } = await leased({ input: 1, maxAttempts: 1 });
    await failTask(holderOf(task), broken, actor);
    const again = await retry(task.id, actor, { fixed: true });
    expect(again).toMatchObject({ state: 'ready', attempt: 0, input: '{"fixed":true}' });
    expect(again.ttl).toBeUndefined();
    expect(await claimOne(actor)).toMatchObject({ id: task.id, attempt: 1, lease: 2 });
    expect(await attemptsOf(task.id, actor)).toHaveLength(2);
  });

  test('is refused for what has not ended and for work that is done', async () => {
    const { actor, task } = await leased();
    expect(await problemCode(retry(task.id, actor))).toBe('invalid_transition');
    await completeTask(holderOf(task), 1, actor);
    expect(await problemCode(retry(task.id, actor))).toBe('invalid_transition');
  });
});

describe('a to-do', () => {
  test('is completed by a person without a lease, and reopened', async () => {
    const actor = newActor();
    const todo = await enqueue(actor, { type: 'todo', title: 'Call Ada', assigneeId: 'user-2' });
    expect(todo).toMatchObject({ executor: 'person', state: 'ready' });
    const done = await completeByHand(todo.id, { note: 'done' }, actor);
    expect(done).toMatchObject({ repeated: false, task: { state: 'completed', result: '{"note":"done"}' } });
    expect((await completeByHand(todo.id, undefined, actor)).repeated).toBe(true);
    expect(await attemptsOf(todo.id, actor)).toMatchObject([{ workerId: 'user-1', outcome: 'completed' }]);
    const reopened = await retry(todo.id, actor);
    expect(reopened.state).toBe('ready');
    expect((await completeByHand(todo.id, undefined, actor)).task.state).toBe('completed');
  });

  test('is the only kind that needs no lease', async () => {
    const { actor, task } = await leased();
    expect(await problemCode(completeByHand(task.id, 1, actor))).toBe('validation_failed');
  });

  test('that was cancelled is not completed', async () => {
    const actor = newActor();
    const todo = await enqueue(actor, { type: 'todo' });
    await cancel(todo.id, actor);
    expect(await problemCode(completeByHand(todo.id, 1, actor))).toBe('invalid_transition');
  });
});

test('a key that is limited to other types gets nowhere near a task', async () => {
  const { actor, task } = await leased();
  const scoped = { ...actor, caller: { ...actor.caller, taskTypes: ['sms.send'] } };
  for (const call of [
    () => getTask(task.id, scoped),
    () => completeTask(holderOf(task), 1, scoped),
    () => heartbeat(holderOf(task), {}, scoped),
    () => cancel(task.id, scoped),
  ]) {
    expect(await problemCode(call())).toBe('forbidden');
  }
});
