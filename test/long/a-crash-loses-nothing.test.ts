import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually } from '../system/support/api.ts';
import {
  freePort,
  type RunningRuntime,
  spawnRuntime,
  startRuntime,
  temporaryDirectory,
} from '../system/support/start-runtime.ts';

const dataDir = temporaryDirectory();
let runtime: RunningRuntime | undefined;

afterAll(async () => {
  await runtime?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Writes without pause until the stack is gone; what was answered with success was acknowledged. */
async function writeUntilGone(
  api: Api,
  acknowledged: { contacts: string[]; tasks: string[] },
): Promise<void> {
  for (let at = 0; ; at += 1) {
    try {
      const contact = await api.post(
        '/api/v1/contacts',
        { name: `Survivor ${at}` },
        { 'idempotency-key': crypto.randomUUID() },
      );
      if (contact.status === 201) acknowledged.contacts.push(contact.body.id);
      const task = await api.post('/api/v1/tasks', { type: 'todo', title: `Survivor ${at}` });
      if (task.status === 201) acknowledged.tasks.push(task.body.id);
    } catch {
      return;
    }
  }
}

describe('kill -9 in the middle of writes', () => {
  test('loses nothing that was acknowledged, and the views catch up', async () => {
    runtime = await startRuntime({ dataDir });
    const tenantId = 'crash';
    const api = await callerOf({ stack: runtime.stack, tenantId });
    const acknowledged = { contacts: [] as string[], tasks: [] as string[] };
    const writers = Array.from({ length: 6 }, () => writeUntilGone(api, acknowledged));
    await eventually(
      async () => acknowledged.contacts.length,
      (count) => count > 150,
      20_000,
    );
    await runtime.kill();
    await Promise.all(writers);
    expect(acknowledged.contacts.length).toBeGreaterThan(50);

    runtime = await startRuntime({ dataDir });
    const after = await callerOf({ stack: runtime.stack, tenantId });
    for (const id of acknowledged.contacts) {
      expect((await after.get(`/api/v1/contacts/${id}`)).status).toBe(200);
    }
    for (const id of acknowledged.tasks) {
      expect((await after.get(`/api/v1/tasks/${id}`)).status).toBe(200);
    }

    let written = 0;
    let cursor: string | null = null;
    do {
      const suffix: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const page = (await after.get(`/api/v1/contacts?limit=100${suffix}`)).body;
      written += page.data.length;
      cursor = page.page.nextCursor;
    } while (cursor);
    const total = await eventually(
      async () => (await after.get('/api/v1/contacts?include=total&limit=1')).body.total,
      (counted) => counted === written,
      20_000,
    );
    expect(total).toBe(written);
    expect(written).toBeGreaterThanOrEqual(acknowledged.contacts.length);
  }, 120_000);

  test('leaves the credentials and the tenants as they were', async () => {
    if (!runtime) throw new Error('the first test did not start the runtime');
    const before = runtime.stack;
    await runtime.stop();
    runtime = await startRuntime({ dataDir });
    expect(runtime.stack.tenants.map(({ id, workerKey }) => [id, workerKey])).toEqual(
      before.tenants.map(({ id, workerKey }) => [id, workerKey]),
    );
    const worker = await callerOf({ stack: runtime.stack, token: runtime.stack.tenants[0]?.workerKey });
    expect((await worker.get('/api/v1/me')).body).toMatchObject({ tenantId: 'northwind', role: 'worker' });
  }, 60_000);
});

describe('a second start', () => {
  test('on the same data directory says so in one line and ends', async () => {
    const second = await spawnRuntime({ dataDir });
    expect(await second.exited).not.toBe(0);
    expect(second.output().trim().split('\n')).toHaveLength(1);
    expect(second.output()).toContain('in use');
  }, 30_000);

  test('on a taken port says so in one line and ends', async () => {
    const other = temporaryDirectory();
    const port = Number(new URL(runtime?.stack.url ?? '').port);
    const second = await spawnRuntime({ dataDir: other, port });
    expect(await second.exited).not.toBe(0);
    expect(second.output().trim().split('\n')).toHaveLength(1);
    expect(second.output()).toContain(String(port));
    rmSync(other, { recursive: true, force: true });
  }, 30_000);

  test('with an option that does not exist says so', async () => {
    const second = await spawnRuntime({ args: ['--prot', '1'], port: await freePort() });
    expect(await second.exited).not.toBe(0);
    expect(second.output()).toContain('--prot');
    rmSync(second.dataDir, { recursive: true, force: true });
  }, 30_000);
});
