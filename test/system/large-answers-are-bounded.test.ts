import { beforeAll, expect, test } from '@jest/globals';
import { type Api, callerOf } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
  await api.put('/api/v1/task-types/large', { executor: 'worker' });
});

test('a batch that finds more than an answer holds leaves their inputs out, and doubles nothing', async () => {
  const keys = Array.from({ length: 26 }, (_, at) => `large-${at}`);
  const input = 'x'.repeat(250_000);
  const made = await Promise.all(
    keys.map((dedupeKey) => api.post('/api/v1/tasks', { type: 'large', dedupeKey, input })),
  );
  expect(new Set(made.map(({ status }) => status))).toEqual(new Set([201]));

  const tasks = [{ type: 'large', input: 'new' }, ...keys.map((dedupeKey) => ({ type: 'large', dedupeKey }))];
  const { status, body } = await api.post('/api/v1/tasks/batch', { tasks });
  expect(status).toBe(200);
  const [first, ...found] = body.results;
  expect(first).toMatchObject({ status: 201, data: { input: 'new' } });
  expect(found.map(({ data }: { data: { id: string } }) => data.id)).toEqual(made.map((one) => one.body.id));
  for (const { data } of found) expect(data).not.toHaveProperty('input');

  const few = await api.post('/api/v1/tasks/batch', { tasks: tasks.slice(1, 4) });
  for (const { data } of few.body.results) expect(data.input).toHaveLength(250_000);
});
