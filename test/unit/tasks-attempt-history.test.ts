import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DynamoDBRecord } from 'aws-lambda';
import type { Actor } from '../../functions/shared/actor.ts';
import { type Attributes, fromAttributes, type Item } from '../../functions/shared/dynamo/item.ts';
import type { Attempt, TaskItem } from '../../functions/tasks/task.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { fc } from '../support/property.ts';
import { readStream } from '../support/stream.ts';
import {
  attemptsOf,
  claimOne,
  enqueue,
  holderOf,
  newActor,
  problemCode,
  registerType,
  tamper,
} from '../support/tasks.ts';

const { archiveAttempts, toArchive } = await import('../../functions/changes/archive-attempts.ts');
const { toChange } = await import('../../functions/changes/change.ts');
const { queryPage } = await import('../../functions/shared/dynamo/table.ts');
const { carryOut } = await import('../../functions/shared/write-plan.ts');
const { cancelTask } = await import('../../functions/tasks/lifecycle/cancel.ts');
const { claimById } = await import('../../functions/tasks/claim/claim-by-id.ts');
const { getTask } = await import('../../functions/tasks/find-tasks.ts');
const { heartbeat } = await import('../../functions/tasks/lease/heartbeat.ts');
const { attemptPartition } = await import('../../functions/tasks/history/attempt-item.ts');
const { keptOneByOne, stretchOf } = await import('../../functions/tasks/history/progress-pace.ts');
const { readAttempts } = await import('../../functions/tasks/history/read-attempts.ts');
const { retryTask } = await import('../../functions/tasks/lifecycle/retry.ts');
const { completeTask, failTask, releaseTask } = await import('../../functions/tasks/lease/settle.ts');
const { handleTaskTimer } = await import('../../functions/tasks/lifecycle/task-timer.ts');

let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

const imageOf = (image: unknown): Item | undefined =>
  image === undefined ? undefined : fromAttributes(image as Attributes);

/** What the stream of tasks says of one task. */
async function changesOf(id: string) {
  const records: DynamoDBRecord[] = await readStream(dynamo.endpoint, 'tasks');
  return records
    .flatMap(
      (record) => toChange(imageOf(record.dynamodb?.OldImage), imageOf(record.dynamodb?.NewImage)) ?? [],
    )
    .filter((change) => change.id === id);
}

async function follow(id: string): Promise<void> {
  const changes = await changesOf(id);
  expect(await archiveAttempts(changes)).toEqual({ done: changes.length });
}

async function archiveOf(task: TaskItem): Promise<Item[]> {
  const pk = attemptPartition(task.tenantId, task.id);
  return (await queryPage({ table: 'views', key: { text: 'pk = :pk', values: { ':pk': pk } } })).items;
}

const fast = { retry: { maxAttempts: 100, initialSeconds: 0, jitter: false }, leaseSeconds: 60 };

async function newTask(members: Record<string, unknown> = {}): Promise<{ actor: Actor; task: TaskItem }> {
  const actor = newActor();
  await registerType(actor, 'email.send', fast);
  return { actor, task: await enqueue(actor, members) };
}

/** Lets the lease of a task end now, as if its worker had died. */
async function loseLease(task: TaskItem): Promise<string> {
  const endedAt = new Date(Date.now() - 5_000).toISOString();
  await tamper(task, 'leaseExpiresAt', endedAt);
  await tamper(task, 'dueSk', `${String(Date.parse(endedAt)).padStart(15, '0')}#${dueRest(task)}`);
  return endedAt;
}

const dueRest = (task: TaskItem) => String(task.dueSk).split('#').slice(1).join('#');

const failure = (members: object = {}) => ({
  error: { code: 'smtp_down', message: 'no answer', ...members },
  retryable: true,
});

describe('the attempts of a task', () => {
  test('are all there, however many, page by page, oldest first, with how each ended', async () => {
    const { actor, task } = await newTask();
    const expected: object[] = [];
    for (let lease = 1; lease <= 33; lease += 1) {
      const claimed = await claimOne(actor, { workerId: `w${lease}`, waitSeconds: 2 });
      const entry = { lease, workerId: `w${lease}`, startedAt: expect.any(String) };
      if (lease % 3 === 0) {
        const endedAt = await loseLease(claimed);
        expected.push({ ...entry, outcome: 'lease_expired', endedAt, error: null });
      } else if (lease % 3 === 1) {
        await failTask(holderOf(claimed), failure({ details: { lease } }), actor);
        expected.push({ ...entry, outcome: 'failed', error: { code: 'smtp_down', details: { lease } } });
      } else {
        await releaseTask(holderOf(claimed), 0, actor);
        expected.push({ ...entry, outcome: 'released', error: null });
      }
      if (lease % 7 === 0) await follow(task.id);
    }
    await completeTask(holderOf(await claimOne(actor, { workerId: 'last', waitSeconds: 2 })), 'done', actor);
    expected.push({ lease: 34, workerId: 'last', outcome: 'completed', endedAt: expect.any(String) });
    await follow(task.id);

    const whole = await attemptsOf(task.id, actor);
    expect(whole).toMatchObject(expected);
    const paged: object[] = [];
    let cursor: string | undefined;
    do {
      const page = await readAttempts(task.id, { limit: '5', ...(cursor && { cursor }) }, actor);
      expect(page.data.length).toBeGreaterThan(0);
      paged.push(...page.data);
      cursor = page.page.nextCursor ?? undefined;
    } while (cursor);
    expect(paged).toEqual(whole);
  }, 60_000);

  test('are the same however often and in whatever order the stream tells of them', async () => {
    const { actor, task } = await newTask();
    for (let lease = 1; lease <= 25; lease += 1) {
      const claimed = await claimOne(actor, { waitSeconds: 2 });
      await heartbeat(holderOf(claimed), { progress: { message: `lease ${lease}` } }, actor);
      await failTask(holderOf(claimed), failure({ message: `${lease}`.padEnd(400, '.') }), actor);
    }
    const changes = await changesOf(task.id);
    const half = changes.filter((_, at) => at % 2 === 0);
    for (const batch of [half, [...changes].reverse(), changes]) {
      expect(await archiveAttempts(batch)).toEqual({ done: batch.length });
    }
    const attempts = await attemptsOf(task.id, actor);
    expect(attempts.map(({ lease }) => lease)).toEqual(Array.from({ length: 25 }, (_, at) => at + 1));
    for (const { lease, error, progress } of attempts) {
      expect(error?.message).toBe(`${lease}`.padEnd(400, '.'));
      expect(progress).toEqual([{ at: expect.any(String), percent: null, message: `lease ${lease}` }]);
    }
  }, 60_000);

  test('show the callers own last write before the stream has told of it', async () => {
    const { actor, task } = await newTask();
    const claimed = await claimOne(actor);
    await heartbeat(holderOf(claimed), { progress: { percent: 40, message: 'half' } }, actor);
    expect(await attemptsOf(task.id, actor)).toMatchObject([
      { attempt: 1, outcome: 'running', endedAt: null, progress: [{ percent: 40, message: 'half' }] },
    ]);
    await failTask(holderOf(claimed), failure({ details: { big: [1, 2, 3] } }), actor);
    expect(await attemptsOf(task.id, actor)).toMatchObject([
      { outcome: 'failed', error: { code: 'smtp_down', details: { big: [1, 2, 3] } } },
    ]);
  });

  test('stay when the task is retried by hand', async () => {
    const { actor, task } = await newTask();
    await failTask(holderOf(await claimOne(actor)), { ...failure(), retryable: false }, actor);
    await retryTask(task.id, undefined, actor, carryOut);
    await completeTask(holderOf(await claimOne(actor)), 'done', actor);
    expect(await attemptsOf(task.id, actor)).toMatchObject([
      { lease: 1, attempt: 1, outcome: 'failed' },
      { lease: 2, attempt: 1, outcome: 'completed' },
    ]);
  });

  test('whose worker was lost are closed when the lease ended, also when that ends the task', async () => {
    const { actor, task } = await newTask({ maxAttempts: 1 });
    const endedAt = await loseLease(await claimOne(actor));
    const open = await attemptsOf(task.id, actor);
    expect(open).toMatchObject([{ outcome: 'lease_expired', endedAt }]);
    await problemCode(claimOne(actor));
    expect(await attemptsOf(task.id, actor)).toMatchObject([{ outcome: 'lease_expired', endedAt }]);

    const cancelled = await newTask();
    const lease = await claimOne(cancelled.actor);
    await cancelTask(cancelled.task.id, 'stop', cancelled.actor, carryOut);
    const end = await loseLease(lease);
    await problemCode(claimOne(cancelled.actor));
    expect(await attemptsOf(cancelled.task.id, cancelled.actor)).toMatchObject([
      { outcome: 'lease_expired', endedAt: end },
    ]);
  });

  test('that are cut off by the deadline of the task say so', async () => {
    const { actor, task } = await newTask({ deadline: new Date(Date.now() + 10_000).toISOString() });
    await claimOne(actor, { leaseSeconds: 60 });
    const at = new Date(Date.now() + 11_000);
    await handleTaskTimer(await getTask(task.id, actor), 'request-1', at);
    expect((await getTask(task.id, actor)).state).toBe('expired');
    expect(await attemptsOf(task.id, actor)).toMatchObject([
      { outcome: 'expired', endedAt: at.toISOString() },
    ]);
  });

  test('of the runner are closed when it comes back to a task whose lease it lost', async () => {
    const { actor, task } = await newTask();
    const endedAt = await loseLease(await claimOne(actor));
    await claimById(await getTask(task.id, actor), { workerId: 'runner' }, actor);
    expect(await attemptsOf(task.id, actor)).toMatchObject([
      { lease: 1, workerId: 'worker-1', outcome: 'lease_expired', endedAt },
      { lease: 2, workerId: 'runner', outcome: 'running', endedAt: null },
    ]);
  });

  test('belong to the task: a cursor of another one is refused, another tenant sees nothing', async () => {
    const { actor, task } = await newTask();
    for (let lease = 1; lease <= 3; lease += 1) await releaseTask(holderOf(await claimOne(actor)), 0, actor);
    const { page } = await readAttempts(task.id, { limit: '2' }, actor);
    const other = await newTask();
    const cursor = page.nextCursor as string;
    expect(await problemCode(readAttempts(other.task.id, { cursor }, other.actor))).toBe('invalid_cursor');
    expect(await problemCode(readAttempts(task.id, {}, other.actor))).toBe('not_found');
    for (const limit of ['0', '101', '1.5', 'x', '']) {
      expect(await problemCode(readAttempts(task.id, { limit }, actor))).toBe('validation_failed');
    }
  });
});

describe('the archive', () => {
  test('costs nothing for a task that is done quietly at once', async () => {
    const { actor, task } = await newTask();
    await completeTask(holderOf(await claimOne(actor)), 'done', actor);
    await follow(task.id);
    expect(await archiveOf(task)).toEqual([]);
  });

  test('is removed after the retention of the type and a quarter of a year', async () => {
    const actor = newActor();
    await registerType(actor, 'email.send', { ...fast, retentionDays: 7 });
    const task = await enqueue(actor);
    const claimed = await claimOne(actor);
    await heartbeat(holderOf(claimed), { progress: { message: 'told' } }, actor);
    await failTask(holderOf(claimed), failure({ details: 'why' }), actor);
    await follow(task.id);
    const items = await archiveOf(task);
    expect(items.map(({ sk }) => sk)).toEqual(['0000000001', '0000000001#0000000003']);
    for (const { ttl } of items) {
      expect(Math.abs(Number(ttl) - (Date.now() / 1_000 + 97 * 86_400))).toBeLessThan(60);
    }
  });
});

/** A worker that tells something new every `everyMillis`, as the stream shows it. */
function* talkative(count: number, everyMillis: number): Generator<[TaskItem, TaskItem]> {
  const start = Date.UTC(2026, 0, 1);
  const slot: Attempt = {
    lease: 3,
    attempt: 1,
    workerId: 'w',
    startedAt: new Date(start).toISOString(),
  };
  const task = (told: number, members: object = {}): TaskItem => {
    const at = new Date(start + told * everyMillis).toISOString();
    return {
      lease: 3,
      attempts: { s3: slot },
      version: 10 + told,
      updatedAt: at,
      ...(told > 0 && { progress: { message: `m${told}` }, progressAt: at, progressCount: told }),
      ...members,
    } as unknown as TaskItem;
  };
  for (let told = 1; told <= count; told += 1) yield [task(told - 1), task(told)];
  const ended = { attempts: { s3: { ...slot, endedAt: slot.startedAt, outcome: 'failed' } } };
  yield [task(count), task(count, { ...ended, version: 11 + count })];
}

function messagesKept(count: number, everyMillis: number): string[] {
  const kept = new Map<string, string>();
  for (const [before, after] of talkative(count, everyMillis)) {
    for (const { item } of toArchive(before, after)) {
      const { progress } = item as { progress?: { message?: string } };
      if (!kept.has(item.sk)) kept.set(item.sk, progress?.message ?? '');
    }
  }
  return [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, message]) => message);
}

describe('what a worker tells', () => {
  test('every second for a day leaves some hundred messages: the first ones, ever fewer, and the last', () => {
    const messages = messagesKept(86_400, 1_000);
    expect(messages.length).toBeLessThan(600);
    expect(messages.slice(0, keptOneByOne)).toEqual(
      Array.from({ length: keptOneByOne }, (_, at) => `m${at + 1}`),
    );
    expect(messages.at(-1)).toBe('m86400');
    expect(new Set(messages).size).toBe(messages.length);
  });

  test.each([1, 1_000, 3_600_000])('a hundred times, %i ms apart, is all kept', (everyMillis) => {
    expect(messagesKept(100, everyMillis)).toHaveLength(100);
  });

  test('falls into stretches that never overlap and grow with the age of the attempt', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10 ** 11 }),
        fc.integer({ min: 0, max: 10 ** 9 }),
        (age, more) => {
          const [first, second] = [stretchOf(age, 0), stretchOf(age + more, 0)];
          expect(first).toBeLessThanOrEqual(age);
          expect(age - first).toBeLessThan(Math.max(1_000, age / 16));
          expect(second).toBeGreaterThanOrEqual(first);
        },
      ),
    );
  });

  test('twice in a row is kept once', async () => {
    const { actor, task } = await newTask();
    const claimed = await claimOne(actor);
    for (const message of ['a', 'a', 'b', 'b', 'b', 'a']) {
      await heartbeat(holderOf(claimed), { progress: { percent: 1, message } }, actor);
    }
    await heartbeat(holderOf(claimed), {}, actor);
    await follow(task.id);
    const [attempt] = await attemptsOf(task.id, actor);
    expect(attempt?.progress.map(({ message }) => message)).toEqual(['a', 'b', 'a']);
  });
});
