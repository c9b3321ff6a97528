import type { BenchClient } from './http-client.ts';
import { measure } from './statistics.ts';
import { printTable } from './table.ts';

const cycles = 300;

/**
 * The fixed scenario: tasks of one type are waiting; callers enqueue one, claim one and complete it.
 * The backlog stays as long as it was, so each row measures the claim at that length.
 */
export async function benchTaskCycles(client: BenchClient, backlogs: number[]): Promise<void> {
  const rows: (string | number)[][] = [];
  for (const backlog of backlogs) {
    const type = `bench-${backlog}`;
    await client.call('PUT', `/api/v1/task-types/${type}`, { executor: 'worker', leaseSeconds: 300 });
    await fill(client, type, backlog);
    for (const callers of [1, 8]) {
      const completed = new Set<string>();
      const result = await measure(
        async (at) => {
          await client.call('POST', '/api/v1/tasks', { type, input: { at } });
          const claim = await client.call('POST', '/api/v1/tasks/claim', {
            types: [type],
            workerId: `w${at % callers}`,
          });
          const [task] = JSON.parse(claim.text).tasks as { id: string; leaseToken: string }[];
          if (!task) throw new Error('nothing to claim');
          if (completed.has(task.id)) throw new Error('claimed twice');
          completed.add(task.id);
          await client.call('POST', `/api/v1/tasks/${task.id}/complete`, {
            leaseToken: task.leaseToken,
            result: { at },
          });
        },
        { callers, count: cycles },
      );
      rows.push([backlog, callers, result.perSecond, result.p50, result.p95, result.p99, result.errors]);
    }
  }
  printTable(
    'Tasks through enqueue → claim → complete over HTTP',
    ['pending', 'callers', 'cycles/s', 'p50 ms', 'p95 ms', 'p99 ms', 'errors'],
    rows,
  );
}

async function fill(client: BenchClient, type: string, count: number): Promise<void> {
  for (let done = 0; done < count; done += 100) {
    const tasks = Array.from({ length: Math.min(100, count - done) }, (_, at) => ({
      type,
      input: { at: done + at },
    }));
    await client.call('POST', '/api/v1/tasks/batch', { tasks });
  }
}
