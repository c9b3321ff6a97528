import type { LocalStack } from '../test/system/support/start-runtime.ts';
import type { BenchClient } from './http-client.ts';
import { printTable } from './table.ts';

interface CallRecord {
  service: string;
  operation: string;
  consumedCapacity?: number;
  principal: string;
}

interface Claimed {
  id: string;
  leaseToken: string;
}

/** What the functions called between two moments, as the local AWS endpoint counted it. */
export async function callsDuring(
  stack: LocalStack,
  action: () => Promise<unknown>,
  functionName: string,
): Promise<{ calls: string[]; capacityUnits: number }> {
  const read = async (since: number) =>
    (await (await fetch(`${stack.inspectUrl}?since=${since}`)).json()) as {
      next: number;
      calls: CallRecord[];
    };
  const { next } = await read(Number.MAX_SAFE_INTEGER);
  await action();
  const { calls } = await read(next);
  const own = calls.filter(({ principal }) => principal.toLowerCase().includes(functionName));
  return {
    calls: own.map(({ service, operation }) => `${service}:${operation}`),
    capacityUnits: own.reduce((sum, call) => sum + (call.consumedCapacity ?? 0), 0),
  };
}

/** Prints the AWS calls and capacity units of the main operations. */
export async function benchCallCosts(stack: LocalStack, client: BenchClient): Promise<void> {
  const contact = async (body: object) =>
    JSON.parse((await client.call('POST', '/api/v1/contacts', body)).text).id;
  const id = await contact({ name: 'Cost' });
  const type = `cost-${Date.now()}`;
  await client.call('PUT', `/api/v1/task-types/${type}`, { executor: 'worker' });
  const enqueue = () => client.call('POST', '/api/v1/tasks', { type, input: { a: 1 } });
  const claim = async () =>
    JSON.parse((await client.call('POST', '/api/v1/tasks/claim', { types: [type], workerId: 'bench' })).text)
      .tasks[0];
  await enqueue();
  await claim();
  await enqueue();
  let claimed: Claimed | undefined;
  const complete = () =>
    client.call('POST', `/api/v1/tasks/${claimed?.id}/complete`, { leaseToken: claimed?.leaseToken });
  /** Name, function, what is measured, and what has to be done before. */
  const operations: [string, string, () => Promise<unknown>, (() => Promise<unknown>)?][] = [
    ['create contact', 'crm', () => contact({ name: 'Cost plain' })],
    [
      'create contact with e-mail',
      'crm',
      () => contact({ name: 'Cost unique', email: `cost${Date.now()}@x.example` }),
    ],
    ['get contact', 'crm', () => client.call('GET', `/api/v1/contacts/${id}`)],
    ['list 50 contacts', 'crm', () => client.call('GET', '/api/v1/contacts?limit=50')],
    [
      'patch contact (plain field)',
      'crm',
      () => client.call('PATCH', `/api/v1/contacts/${id}`, { title: 'x' }),
    ],
    [
      'patch contact (unique field)',
      'crm',
      () => client.call('PATCH', `/api/v1/contacts/${id}`, { phone: `+1${Date.now()}` }),
    ],
    ['enqueue', 'tasks', enqueue],
    [
      'claim one',
      'tasks',
      async () => {
        claimed = await claim();
      },
    ],
    [
      'heartbeat',
      'tasks',
      () =>
        client.call('POST', `/api/v1/tasks/${claimed?.id}/heartbeat`, { leaseToken: claimed?.leaseToken }),
    ],
    ['complete', 'tasks', complete],
    [
      'a task: enqueue, claim, complete',
      'tasks',
      async () => {
        await enqueue();
        claimed = await claim();
        await complete();
      },
    ],
    [
      'report: complete one, claim the next',
      'tasks',
      async () => {
        const { id, leaseToken } = claimed as Claimed;
        const reports = [{ id, action: 'complete', leaseToken }];
        const next = { types: [type], workerId: 'bench' };
        await client.call('POST', '/api/v1/tasks/report', { reports, claim: next });
      },
      async () => {
        await enqueue();
        await enqueue();
        claimed = await claim();
      },
    ],
  ];
  const rows: (string | number)[][] = [];
  for (const [name, functionName, action, prepare] of operations) {
    await prepare?.();
    const { calls, capacityUnits } = await callsDuring(stack, action, functionName);
    rows.push([
      name,
      calls.length,
      calls.map((call) => call.replace('dynamodb:', '')).join(' '),
      capacityUnits,
    ]);
  }
  printTable('AWS calls and capacity units of one operation', ['operation', 'calls', 'which', 'units'], rows);
}
