import { afterAll, expect, test } from '@jest/globals';
import { callerOf, eventually, sharedStack } from './support/api.ts';
import { endWorkers, languageWorkers, startWorker } from './support/language-workers.ts';

/** The example workers that need no compiler do one task each; `npm run test:long` has all of them and their failures. */
const workers = languageWorkers().filter(({ build }) => build === undefined);

afterAll(endWorkers);

for (const worker of workers) {
  const { language, missing } = worker;
  (missing ? test.skip : test.concurrent)(
    `a worker in ${language} does a task, fails another, and ends at SIGTERM${missing ? ` (${missing})` : ''}`,
    async () => {
      const api = await callerOf();
      await api.put('/api/v1/task-types/demo.sum', { executor: 'worker', retry: { maxAttempts: 1 } });
      const scope = { name: language, role: 'worker', taskTypes: ['demo.sum'] };
      const { key } = (await api.post('/api/v1/api-keys', scope)).body;
      const enqueue = async (input: object): Promise<string> =>
        (await api.post('/api/v1/tasks', { type: 'demo.sum', input })).body.id;
      const ids = [await enqueue({ numbers: [1, 2.5, 3] }), await enqueue({ numbers: 'none' })];

      const started = startWorker(worker, { TANDEM_URL: sharedStack().url, TANDEM_API_KEY: key });
      const read = () =>
        Promise.all(ids.map(async (id) => (await api.get(`/api/v1/tasks/${id}`)).body as { state: string }));
      const tasks = await eventually(
        read,
        (all) => all.every(({ state }) => ['completed', 'dead'].includes(state)),
        60_000,
      );
      expect([started.output(), tasks]).toMatchObject([
        started.output(),
        [
          { state: 'completed', result: { sum: 6.5, language } },
          { state: 'dead', error: { code: 'bad_input' } },
        ],
      ]);
      expect([await started.end('SIGTERM'), started.output()]).toEqual([0, started.output()]);
    },
    90_000,
  );
}
