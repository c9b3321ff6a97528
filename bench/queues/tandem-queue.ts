import type { RunningRuntime } from '../../test/system/support/start-runtime.ts';
import { benchClient } from '../http-client.ts';
import type { Leased, QueueUnderTest } from './queue.ts';

/** Our tasks, through the public API of the running stack. */
export function tandemQueue(runtime: RunningRuntime): QueueUnderTest {
  const tenant = runtime.stack.tenants.find(({ id }) => id === 'acme');
  const client = benchClient(runtime.stack.url, tenant?.tokens.owner ?? '');
  const post = async (path: string, body: object) =>
    JSON.parse((await client.call('POST', `/api/v1/tasks${path}`, body)).text);
  const claimBody = (type: string, max: number) => ({ types: [type], workerId: 'bench', max });
  const requireCompleted = (states: (string | undefined)[]) => {
    if (states.some((state) => state !== 'completed')) throw new Error(`not completed: ${states}`);
  };
  return {
    name: 'tandem',
    pids: () => [runtime.process.pid ?? 0],
    async enqueue(type, inputs) {
      if (inputs.length === 1) await post('', { type, input: inputs[0] });
      else await post('/batch', { tasks: inputs.map((input) => ({ type, input })) });
    },
    claim: async (type, max) => (await post('/claim', claimBody(type, max))).tasks,
    async complete(_type, leased) {
      for (const { id, leaseToken } of leased) {
        requireCompleted([(await post(`/${id}/complete`, { leaseToken, result: { ok: true } })).state]);
      }
    },
    async completeAndClaim(type, leased, max) {
      const reports = leased.map(({ id, leaseToken }) => ({
        id,
        action: 'complete',
        leaseToken,
        result: { ok: true },
      }));
      const { results, tasks } = await post('/report', { reports, claim: claimBody(type, max) });
      requireCompleted(results.map(({ data }: { data?: { state: string } }) => data?.state));
      return tasks as Leased[];
    },
    close: async () => client.close(),
  };
}
