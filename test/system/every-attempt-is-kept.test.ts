import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

interface Lease {
  id: string;
  leaseToken: string;
  attempt: number;
}

interface Attempt {
  lease: number;
  attempt: number;
  workerId: string;
  startedAt: string;
  endedAt: string | null;
  outcome: string;
  error: { code: string; message: string; details?: unknown } | null;
  progress: { at: string; percent: number | null; message: string | null }[];
}

async function newTask(settings: Record<string, unknown> = {}): Promise<{ type: string; id: string }> {
  const type = `kept-${randomUUID().slice(0, 8)}`;
  const retry = { maxAttempts: 100, initialSeconds: 0, jitter: false };
  const made = await api.put(`/api/v1/task-types/${type}`, { executor: 'worker', retry, ...settings });
  expect(made).toMatchObject({ status: 201 });
  const task = await api.post('/api/v1/tasks', { type });
  expect(task).toMatchObject({ status: 201 });
  return { type, id: task.body.id };
}

async function claim(type: string, workerId: string, leaseSeconds = 60): Promise<Lease> {
  const answer = await api.post('/api/v1/tasks/claim', {
    types: [type],
    workerId,
    leaseSeconds,
    waitSeconds: 10,
  });
  expect(answer).toMatchObject({ status: 200, body: { tasks: [{ id: expect.any(String) }] } });
  return answer.body.tasks[0];
}

async function settle(lease: Lease, how: string, body: Record<string, unknown> = {}): Promise<void> {
  const answer = await api.post(`/api/v1/tasks/${lease.id}/${how}`, {
    leaseToken: lease.leaseToken,
    ...body,
  });
  expect(answer).toMatchObject({ status: 200 });
}

/** All pages of a task's history. */
async function attemptsOf(id: string, limit = 100): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  let cursor: string | null = null;
  do {
    const more: string = cursor === null ? '' : `&cursor=${cursor}`;
    const page = await api.get(`/api/v1/tasks/${id}/history?limit=${limit}${more}`);
    expect(page).toMatchObject({ status: 200 });
    attempts.push(...page.body.data);
    cursor = page.body.page.nextCursor;
  } while (cursor !== null);
  return attempts;
}

describe('the history of a task', () => {
  test('has each of many attempts with worker, times, outcome, error and what was told', async () => {
    const { type, id } = await newTask();
    const outcomes = ['failed', 'released', 'failed', 'released', 'released', 'failed', 'lease_expired'];
    const expected: string[] = [];
    for (let lease = 1; lease <= 28; lease += 1) {
      const outcome = outcomes[lease % outcomes.length] as string;
      const held = await claim(type, `worker-${lease}`, outcome === 'lease_expired' ? 1 : 60);
      await settle(held, 'heartbeat', {
        progress: { percent: 10, message: `lease ${lease} began` },
        ...(outcome === 'lease_expired' && { leaseSeconds: 1 }),
      });
      if (outcome === 'failed') {
        const error = { code: 'unreachable', message: `try ${lease}`, details: { lease } };
        await settle(held, 'fail', { error });
      } else if (outcome === 'released') await settle(held, 'release');
      expected.push(outcome);
    }
    const last = await claim(type, 'worker-29');
    await settle(last, 'heartbeat', { progress: { percent: 50, message: 'half' } });
    await settle(last, 'heartbeat', { progress: { percent: 50, message: 'half' } });
    const running = await attemptsOf(id);
    expect(running.at(-1)).toMatchObject({ lease: 29, outcome: 'running', endedAt: null });
    expect(running.at(-1)?.progress.at(-1)).toMatchObject({ percent: 50, message: 'half' });
    await settle(last, 'complete', { result: 'done' });
    expected.push('completed');
    expect((await attemptsOf(id)).at(-1)).toMatchObject({ lease: 29, outcome: 'completed' });

    const attempts = await eventually(
      () => attemptsOf(id),
      // Details of errors and what was told are in the archive, which follows the stream.
      (all) =>
        all.length === 29 &&
        all.every(({ progress }) => progress.length === 1) &&
        all.every(({ outcome, error }) => outcome !== 'failed' || error?.details !== undefined),
      30_000,
    );
    expect(attempts.map(({ outcome }) => outcome)).toEqual(expected);
    for (const [at, attempt] of attempts.entries()) {
      const lease = at + 1;
      expect(attempt).toMatchObject({ lease, workerId: `worker-${lease}` });
      expect(Date.parse(attempt.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(attempt.startedAt));
      const told = lease === 29 ? 'half' : `lease ${lease} began`;
      expect(attempt.progress).toEqual([
        { at: expect.any(String), percent: lease === 29 ? 50 : 10, message: told },
      ]);
      expect(attempt.error).toEqual(
        attempt.outcome === 'failed'
          ? { code: 'unreachable', message: `try ${lease}`, details: { lease } }
          : null,
      );
    }
    // A message that was only repeated has the time of its first telling once the archive has it.
    const untimed = (all: Attempt[]) =>
      all.map((attempt) => ({ ...attempt, progress: attempt.progress.map(({ at: _at, ...told }) => told) }));
    expect(untimed(await attemptsOf(id, 4))).toEqual(untimed(attempts));
  }, 120_000);

  test('of a lease that nobody gave back says when it ended', async () => {
    const { type, id } = await newTask({ retry: { maxAttempts: 1 } });
    const held = await claim(type, 'gone', 1);
    const { leaseExpiresAt } = (await api.get(`/api/v1/tasks/${held.id}`)).body;
    const claiming = api.post('/api/v1/tasks/claim', { types: [type], workerId: 'next', waitSeconds: 4 });
    expect((await claiming).body.tasks).toEqual([]);
    expect((await api.get(`/api/v1/tasks/${id}`)).body).toMatchObject({ state: 'dead' });
    expect(await attemptsOf(id)).toMatchObject([
      { workerId: 'gone', outcome: 'lease_expired', endedAt: leaseExpiresAt },
    ]);
  });

  test('refuses what it does not know', async () => {
    const { id } = await newTask();
    const path = `/api/v1/tasks/${id}/history`;
    expect((await api.get(path)).body).toEqual({ data: [], page: { nextCursor: null } });
    for (const limit of ['0', '101', '-1', '1e3', 'many', '9'.repeat(30)]) {
      expect(await api.get(`${path}?limit=${limit}`)).toMatchObject({
        status: 422,
        body: { code: 'validation_failed', errors: [{ parameter: 'limit' }] },
      });
    }
    expect(await api.get(`${path}?limitt=1`)).toMatchObject({
      status: 400,
      body: { code: 'unknown_parameter', detail: expect.stringContaining('"limit"') },
    });
    expect(await api.get(`${path}?cursor=x.y`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    });
    const stranger = await callerOf();
    expect(await stranger.get(path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});
