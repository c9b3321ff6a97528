import { killSandbox } from '../support/faults.ts';
import type { Client } from '../support/http.ts';
import type { ChaosStack } from '../support/stack.ts';
import { sleep, until } from '../support/wait.ts';

/** The numbers of a tenant that are compared. */
export interface Numbers {
  contacts: number;
  customers: number;
  deals: number;
  dealValue: number;
  openValue: number;
  tasks: number;
  cancelled: number;
}

export interface Recounted {
  /** From the lists, when nothing is written any more. */
  recount: Numbers;
  /** From the dashboard at last. */
  counted: Numbers;
  /** What a rebuild found that ran while all this went on, and one after it. */
  rebuilds: { state: string; corrected: number }[];
}

type Row = Record<string, unknown>;

const writers = 4;
const rounds = 15;
/** A stream record is given up after five tries (lib/processing.ts), which is another story. */
const kills = 4;

/** Writes go on while sandboxes that follow them, the one that recounts them and the database are killed. */
export async function countersUnderCrashes(stack: ChaosStack): Promise<Recounted> {
  const client = await stack.client('chaos-counters');
  let killed = 0;
  const isEnough = () => killed === kills;
  const writing = Promise.all(
    Array.from({ length: writers }, (_, writer) => write(client, writer, isEnough)),
  );
  const killing = (async () => {
    while (!isEnough()) {
      await sleep(1_000);
      await killSandbox(stack.dataDir, 'changes');
      killed += 1;
    }
  })();
  killing.catch(() => {});
  await sleep(500);
  const first = startRebuild(client);
  await sleep(200);
  await stack.crashDatabase();
  await killing;
  await writing;
  const recount = await recountOf(client);
  const rebuilds = [await first, await startRebuild(client)];
  let counted = await countedOf(client);
  await until('the counters have caught up', 60_000, async () => {
    counted = await countedOf(client);
    return JSON.stringify(counted) === JSON.stringify(recount);
  }).catch(() => {});
  return { recount, counted, rebuilds };
}

/** Each write is repeated under its key until it has an answer, so it is made once. */
async function write(client: Client, writer: number, isEnough: () => boolean): Promise<void> {
  for (let round = 0; round < rounds || !isEnough(); round += 1) {
    const key = (step: string) => ({ 'idempotency-key': `${writer}-${round}-${step}` });
    const contact = { name: `C ${writer} ${round}` };
    const { body: made } = await client.insist('POST', '/api/v1/contacts', contact, key('contact'));
    await client.insist('PATCH', `/api/v1/contacts/${made.id}`, { stage: round % 2 ? 'customer' : 'former' });
    const deal = { title: 'D', amount: 100 + round, currency: 'USD' };
    const { body: begun } = await client.insist('POST', '/api/v1/deals', deal, key('deal'));
    if (round % 3 === 0) {
      await client.insist('POST', `/api/v1/deals/${begun.id}/move`, { stageId: 'won' }, key('move'));
    }
    if (round % 3 === 1) await client.insist('DELETE', `/api/v1/deals/${begun.id}`);
    const { body: task } = await client.insist('POST', '/api/v1/tasks', { type: 'todo' }, key('task'));
    if (round % 2) await client.insist('POST', `/api/v1/tasks/${task.id}/cancel`, {}, key('cancel'));
  }
}

async function startRebuild(client: Client): Promise<{ state: string; corrected: number }> {
  const { body: made } = await client.insist('POST', '/api/system/counters/rebuild', {});
  let task: Row = {};
  await until(
    'the rebuild has ended',
    150_000,
    async () => {
      task = (await client.insist('GET', `/api/v1/tasks/${made.id}`)).body;
      return task.state === 'completed' || task.state === 'dead';
    },
    200,
  );
  const { corrected = -1 } = (task.result ?? {}) as { corrected?: number };
  return { state: String(task.state), corrected };
}

async function all(client: Client, collection: string): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor = '';
  do {
    const { body } = await client.insist('GET', `/api/v1/${collection}?limit=100${cursor}`);
    rows.push(...body.data);
    cursor = body.page.nextCursor === null ? '' : `&cursor=${encodeURIComponent(body.page.nextCursor)}`;
  } while (cursor !== '');
  return rows;
}

const sum = (rows: Row[]) => rows.reduce((total, { amount }) => total + Number(amount), 0);

async function recountOf(client: Client): Promise<Numbers> {
  const contacts = await all(client, 'contacts');
  const deals = await all(client, 'deals');
  // The rebuilds are tasks as well.
  const tasks = (await all(client, 'tasks')).filter(({ type }) => type === 'todo');
  return {
    contacts: contacts.length,
    customers: contacts.filter(({ stage }) => stage === 'customer').length,
    deals: deals.length,
    dealValue: sum(deals),
    openValue: sum(deals.filter(({ status }) => status === 'open')),
    tasks: tasks.length,
    cancelled: tasks.filter(({ state }) => state === 'cancelled').length,
  };
}

async function countedOf(client: Client): Promise<Numbers> {
  const { body } = await client.insist('GET', '/api/v1/dashboard?currency=USD');
  const { contacts, deals, tasks } = body;
  const rebuilds = (await all(client, 'tasks')).filter(({ type }) => type === 'counters.rebuild').length;
  return {
    contacts: contacts.total,
    customers: contacts.byStage.find(({ stage }: Row) => stage === 'customer').count,
    deals: deals.total,
    dealValue: deals.totalValue,
    openValue: deals.openValue,
    tasks: tasks.total - rebuilds,
    cancelled: tasks.byStatus.find(({ status }: Row) => status === 'cancelled').count,
  };
}
