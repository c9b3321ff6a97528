import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually } from '../system/support/api.ts';
import { type RunningRuntime, startRuntime } from '../system/support/start-runtime.ts';

let runtime: RunningRuntime;
let api: Api;

beforeAll(async () => {
  runtime = await startRuntime({
    args: ['--app', 'node test/support/faulty-app.ts'],
    env: { TANDEM_LOCAL_RETRY_SECONDS: '0' },
  });
  api = await callerOf({ stack: runtime.stack });
}, 90_000);

afterAll(async () => {
  await runtime?.stop();
  if (runtime) rmSync(runtime.dataDir, { recursive: true, force: true });
});

const path = '/api/v1/contacts';
const withFault = (fault: string) => api.get(path, { 'x-fault': fault });

describe('a handler that', () => {
  test.each([
    ['throws', 'throw', 500],
    ['never answers', 'hang', 504],
    ['blocks its thread', 'spin', 504],
    ['exits', 'exit', 500],
    ['leaves a rejection unhandled', 'reject', 500],
    ['uses up its memory', 'memory', 500],
    ['answers what is not JSON', 'circular', 500],
  ])('%s gets its caller a problem, and the next one an answer', async (_, fault, status) => {
    const failed = await withFault(fault);
    expect(failed).toMatchObject({ status, body: { status } });
    expect(failed.text).not.toContain('secret');
    expect(await api.get(path)).toMatchObject({ status: 200 });
  });

  test('died is replaced by a new sandbox, while one that threw goes on', async () => {
    const before = (await api.get(path)).body.calls;
    await withFault('throw');
    expect((await api.get(path)).body.calls).toBe(before + 2);
    await withFault('exit');
    expect((await api.get(path)).body.calls).toBe(1);
  });

  test('fails does not disturb callers of others', async () => {
    const faults = Array.from({ length: 5 }, () => withFault('spin'));
    const others = await Promise.all(Array.from({ length: 20 }, () => api.get('/api/v1/me')));
    for (const answer of others) expect(answer.status).toBe(200);
    for (const answer of await Promise.all(faults)) expect(answer.status).toBe(504);
  });
});

describe('a message whose handler keeps failing', () => {
  test('lands in the dead-letter queue and raises its alarm', async () => {
    const alarm = async () => {
      const { body } = await api.get('/api/system/alerts');
      return body.alerts.find(({ name }: { name: string }) => name === 'runner-dlq-depth');
    };
    expect(await eventually(alarm, (found) => found?.state === 'OK')).toMatchObject({ state: 'OK' });

    const body = { filter: { type: 'todo' }, dryRun: true };
    expect(await api.post('/api/v1/dead-letters/redrive', body)).toMatchObject({ status: 201 });

    const raised = await eventually(alarm, (found) => found?.state === 'ALARM', 45_000);
    expect(raised).toMatchObject({ state: 'ALARM', since: expect.any(String), reason: expect.any(String) });
    const { queues } = (await api.get('/api/system/queues')).body;
    const runner = queues.find(({ name }: { name: string }) => name === 'runner');
    expect(runner).toMatchObject({ waiting: 0, deadLetter: { waiting: 1 } });
    const health = (await api.get('/api/system/health')).body;
    expect(health.status).not.toBe('healthy');
  }, 60_000);
});
