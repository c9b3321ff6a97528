import { benchClient } from '../http-client.ts';
import type { PgBossServer } from '../peer/start-peer.ts';
import type { Leased, QueueUnderTest } from './queue.ts';

/** pg-boss, through its minimal HTTP server. */
export function pgBossQueue(server: PgBossServer): QueueUnderTest {
  const client = benchClient(server.url, 'none');
  const post = async (path: string, body: object) => JSON.parse((await client.call('POST', path, body)).text);
  const idsOf = (leased: Leased[]) => leased.map(({ id }) => id);
  const requireAll = (completed: number, leased: Leased[]) => {
    if (completed !== leased.length) throw new Error(`${completed} of ${leased.length} completed`);
  };
  return {
    name: 'pg-boss',
    pids: () => server.pids,
    async enqueue(queue, inputs) {
      await post('/jobs', { queue, inputs });
    },
    claim: async (queue, max) => (await post('/fetch', { queue, max })).jobs,
    async complete(queue, leased) {
      requireAll((await post('/complete', { queue, ids: idsOf(leased) })).completed, leased);
    },
    async completeAndClaim(queue, leased, max) {
      const answer = await post('/complete', { queue, ids: idsOf(leased), max });
      requireAll(answer.completed, leased);
      return answer.jobs;
    },
    close: async () => client.close(),
  };
}
