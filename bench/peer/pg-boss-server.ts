import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import PgBoss from 'pg-boss';

/**
 * The least that makes pg-boss a worker system over HTTP, without authentication or checks of its input. A process
 * of its own: `DATABASE_URL=… node bench/peer/pg-boss-server.ts`; prints its port.
 */
const boss = new PgBoss({ connectionString: process.env.DATABASE_URL ?? '', max: 10, schedule: false });
boss.on('error', (error) => console.error(error));
await boss.start();

interface Body {
  queue: string;
  inputs: object[];
  ids: string[];
  max?: number;
  pending?: number;
  completed?: number;
}

/** Jobs as `send` makes them and `complete` leaves them, a millisecond apart. */
const insertJobs = `
  INSERT INTO pgboss.job (name, data, state, created_on, start_after, started_on, completed_on, policy)
  SELECT $1::text, json_build_object('at', n)::jsonb, $3::text::pgboss.job_state, made, made,
    CASE WHEN $3::text = 'completed' THEN made END,
    CASE WHEN $3::text = 'completed' THEN made END, q.policy
  FROM generate_series(1, $2::int) n
  CROSS JOIN LATERAL (SELECT now() - interval '1 hour' + n * interval '1 millisecond' AS made) t
  JOIN pgboss.queue q ON q.name = $1::text`;

const operations: Record<string, (body: Body) => Promise<object>> = {
  '/seed': async ({ queue, pending, completed }) => {
    await boss.createQueue(queue);
    await sql(insertJobs, [queue, pending, 'created']);
    await sql(insertJobs, [queue, completed, 'completed']);
    await sql('VACUUM ANALYZE pgboss.job', []);
    return {};
  },
  '/jobs': async ({ queue, inputs }) => {
    const [first] = inputs;
    if (inputs.length === 1 && first) return { id: await boss.send(queue, first) };
    await boss.insert(inputs.map((data) => ({ name: queue, data })));
    return {};
  },
  '/fetch': async ({ queue, max }) => ({ jobs: await fetchJobs(queue, max) }),
  '/complete': async ({ queue, ids, max }) => {
    const { affected } = await completeJobs(queue, ids, { ok: true });
    return { completed: affected, ...(max !== undefined && { jobs: await fetchJobs(queue, max) }) };
  },
};

/** It takes a result for many jobs and answers how many it changed, neither of which its types say. */
const completeJobs = boss.complete.bind(boss) as unknown as (
  queue: string,
  ids: string[],
  result: object,
) => Promise<{ affected: number }>;

async function fetchJobs(queue: string, max = 1) {
  return (await boss.fetch(queue, { batchSize: max })).map(({ id, data }) => ({ id, data }));
}

function sql(text: string, values: unknown[]): Promise<unknown> {
  return boss.getDb().executeSql(text, values);
}

const server = createServer((request, response) => {
  serve(request)
    .then((body) => ({ status: 200, body }))
    .catch((error: Error) => ({ status: 500, body: { message: error.message } }))
    .then(({ status, body }) => {
      const text = JSON.stringify(body);
      response.writeHead(status, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      });
      response.end(text);
    });
});

async function serve(request: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const operation = operations[request.url ?? ''];
  if (!operation) throw new Error(`no operation ${request.url}`);
  return operation(JSON.parse(Buffer.concat(chunks).toString()) as Body);
}

server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.on('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await boss.stop({ graceful: false });
  process.exit(0);
});
