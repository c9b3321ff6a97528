import type { Client } from './http.ts';
import type { LedgerEntry } from './ledger.ts';
import { sleep } from './wait.ts';

/** How a scenario went, task by task added up. */
export interface Account {
  /** Acknowledged by the API when they were enqueued. */
  tasksIn: number;
  /** Stored as completed, and no second lease's completion was acknowledged. */
  completedOnce: number;
  dead: number;
  /** Not ended after all that time, or not there at all. */
  lost: string[];
  /** Work on a task that was begun beyond its first time, over all tasks. */
  extraExecutions: number;
  /** Tasks whose completion two different leases got acknowledged. */
  doubleCompletes: string[];
  /** What is stored is not what the acknowledged worker sent, or nobody sent it. */
  wrongResults: string[];
}

/** A task as the API lists it. */
export interface Stored {
  id: string;
  state: string;
  attempt: number;
  createdAt: string;
  endedAt: string | null;
}

const ended = ['completed', 'dead', 'cancelled', 'expired'];

/** Waits until every task has ended, or for so long. @returns the tasks as they then stand */
export async function settleAll(
  client: Client,
  type: string,
  ids: string[],
  millis: number,
): Promise<Stored[]> {
  const deadline = performance.now() + millis;
  for (;;) {
    const stored = await readTasks(client, type);
    const open = ids.filter((id) => !ended.includes(stored.get(id)?.state ?? ''));
    if (open.length === 0 || performance.now() > deadline) return [...stored.values()];
    await sleep(400);
  }
}

/** All tasks of a type, by id. */
export async function readTasks(client: Client, type: string): Promise<Map<string, Stored>> {
  const tasks = new Map<string, Stored>();
  let cursor: string | null = null;
  do {
    const suffix: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await client.insist('GET', `/api/v1/tasks?type=${type}&limit=100${suffix}`);
    if (status !== 200) throw new Error(`GET tasks → ${status} ${JSON.stringify(body)}`);
    for (const task of body.data as Stored[]) tasks.set(task.id, task);
    cursor = body.page.nextCursor;
  } while (cursor !== null);
  return tasks;
}

/** Results are looked at where more than one worker may have sent one, and at so many others. */
const sampledResults = 30;

/**
 * Balances what the stack has stored against what the workers noted.
 * @param ids what was acknowledged
 */
export async function balance(
  client: Client,
  ids: string[],
  stored: Stored[],
  entries: LedgerEntry[],
): Promise<Account> {
  const states = new Map(stored.map(({ id, state }) => [id, state]));
  const completions = tokensOf(entries, 'completed');
  const begun = tokensOf(entries, 'started');
  const acknowledged = (id: string) => completions.get(id) ?? new Set<string>();
  const times = (id: string) => begun.get(id)?.size ?? 0;
  const completed = ids.filter((id) => states.get(id) === 'completed');
  const doubtful = completed.filter((id) => times(id) > 1 || acknowledged(id).size === 0);
  const sample = completed.filter((id) => !doubtful.includes(id)).slice(0, sampledResults);
  const wrongResults: string[] = [];
  for (const id of [...doubtful, ...sample]) {
    const { body } = await client.insist('GET', `/api/v1/tasks/${id}`);
    const [sent] = acknowledged(id);
    // A worker that was killed before it read the answer noted nothing, yet its token is one that was begun.
    const right = sent ? body.result?.token === sent : begun.get(id)?.has(body.result?.token);
    if (!right) wrongResults.push(id);
  }
  return {
    tasksIn: ids.length,
    completedOnce: completed.filter((id) => acknowledged(id).size <= 1).length,
    dead: ids.filter((id) => states.get(id) === 'dead').length,
    lost: ids.filter((id) => !ended.includes(states.get(id) ?? '')),
    extraExecutions: ids.reduce((sum, id) => sum + Math.max(0, times(id) - 1), 0),
    doubleCompletes: ids.filter((id) => acknowledged(id).size > 1),
    wrongResults,
  };
}

/** Task → the tokens that have an entry of this kind. */
function tokensOf(entries: LedgerEntry[], kind: 'completed' | 'started'): Map<string, Set<string>> {
  const tokens = new Map<string, Set<string>>();
  for (const entry of entries) {
    if (entry.kind !== kind) continue;
    tokens.set(entry.task, (tokens.get(entry.task) ?? new Set()).add(entry.token));
  }
  return tokens;
}
