import { balance, settleAll } from '../support/account.ts';
import type { Client, HttpAnswer } from '../support/http.ts';
import { type LedgerEntry, type LedgerNote, memoryLedger } from '../support/ledger.ts';
import { produce, registerType } from '../support/producer.ts';
import type { ScenarioRow } from '../support/report.ts';
import type { ChaosStack } from '../support/stack.ts';
import { sleep, until } from '../support/wait.ts';

const tasks = 240;
const leaseSeconds = 1;

interface Lease {
  id: string;
  leaseToken: string;
  leaseExpiresAt: string;
  attempt: number;
}

/** How completes that come twice, or after their time, were answered. */
export interface RepeatedCompletes extends ScenarioRow {
  /** Of two completes at the same time under one lease: pairs with two equal answers. */
  equalPairs: number;
  /** Late completes of leases that others had taken over: with 409 `lease_lost`. */
  lateRefused: number;
  late: number;
  /** Tasks that a late complete changed. */
  changedByLate: number;
  /** Races of a late complete with the claim that takes the task over, in which both or neither won. */
  brokenRaces: number;
  races: number;
}

/**
 * A third of the tasks is completed twice at the same time. For the others a first holder lets its lease end:
 * it completes after somebody took the task over, or at the very moment when somebody tries to.
 */
export async function repeatedCompletes(stack: ChaosStack): Promise<RepeatedCompletes> {
  const client = await stack.client('chaos-repeats');
  const entries: LedgerEntry[] = [];
  const { note } = memoryLedger('repeats', entries);
  const twice = 'completed-twice';
  const late = 'completed-late';
  const raced = 'completed-in-a-race';
  for (const type of [twice, late, raced]) {
    await registerType(client, type, { leaseSeconds: type === twice ? 60 : leaseSeconds });
  }
  const each = tasks / 3;
  const made = new Map<string, string[]>();
  for (const type of [twice, late, raced]) made.set(type, await produce(client, { type, count: each }));

  const pairs = await inBatches(client, twice, note, 60, async (lease) => {
    const [first, second] = await Promise.all([complete(client, lease, note), complete(client, lease, note)]);
    return first.status === 200 && JSON.stringify(first.body) === JSON.stringify(second.body);
  });
  const refused = await completeLate(client, late, note);
  const races = await raceTakeovers(client, raced, note);

  const ids = [...made.values()].flat();
  const stored = (
    await Promise.all([...made].map(([type, own]) => settleAll(client, type, own, 20_000)))
  ).flat();
  return {
    scenario: 'completes are sent twice, late, and in a race with the takeover',
    disturbance: `${pairs.length} twice, ${refused.length} late, ${races.length} raced`,
    ...(await balance(client, ids, stored, entries)),
    // Every lease that was let go and every race begins its task once more.
    extraExecutionsAllowed: 2 * each,
    recoveries: [],
    equalPairs: pairs.filter(Boolean).length,
    late: refused.length,
    lateRefused: refused.filter(({ answer }) => answer.status === 409 && answer.body.code === 'lease_lost')
      .length,
    changedByLate: refused.filter(({ before, after }) => before !== after).length,
    races: races.length,
    brokenRaces: races.filter((winners) => winners !== 1).length,
  };
}

type Note = (entry: LedgerNote) => void;

async function claim(client: Client, type: string, note: Note, lease: number, max = 20): Promise<Lease[]> {
  const { status, body } = await client.call('POST', '/api/v1/tasks/claim', {
    types: [type],
    workerId: 'repeats',
    max,
    leaseSeconds: lease,
  });
  if (status !== 200) throw new Error(`claim → ${status} ${JSON.stringify(body)}`);
  for (const { id, leaseToken, leaseExpiresAt, attempt } of body.tasks as Lease[]) {
    const noted = { task: id, token: leaseToken };
    note({ kind: 'leased', ...noted, leaseExpiresAt: Date.parse(leaseExpiresAt), attempt });
    note({ kind: 'started', ...noted });
  }
  return body.tasks;
}

async function complete(client: Client, { id, leaseToken }: Lease, note: Note): Promise<HttpAnswer> {
  const answer = await client.call('POST', `/api/v1/tasks/${id}/complete`, {
    leaseToken,
    result: { token: leaseToken },
  });
  if (answer.status === 200) note({ kind: 'completed', task: id, token: leaseToken });
  return answer;
}

/** Claims until nothing is left and does the same with each lease, a batch at a time. */
async function inBatches<T>(
  client: Client,
  type: string,
  note: Note,
  lease: number,
  act: (lease: Lease) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  for (let leases = await claim(client, type, note, lease); leases.length > 0; ) {
    results.push(...(await Promise.all(leases.map(act))));
    leases = await claim(client, type, note, lease);
  }
  return results;
}

/** Claims everything twice; the first holders complete when the second ones have the leases, and again when those are done. */
async function completeLate(client: Client, type: string, note: Note) {
  const first = await claimAll(client, type, note, leaseSeconds);
  await sleep(leaseSeconds * 1_000 + 300);
  const second = new Map<string, Lease>();
  await until('all leases are taken over', 20_000, async () => {
    for (const lease of await claim(client, type, note, 120)) second.set(lease.id, lease);
    return second.size === first.length;
  });
  const outcomes: { before: string; after: string; answer: HttpAnswer }[] = [];
  const tryLate = async (lease: Lease) => {
    const read = async () => JSON.stringify((await client.call('GET', `/api/v1/tasks/${lease.id}`)).body);
    const before = await read();
    const answer = await complete(client, lease, note);
    outcomes.push({ before, answer, after: await read() });
  };
  for (const lease of first) {
    await tryLate(lease);
    const current = second.get(lease.id);
    if (current) await complete(client, current, note);
    await tryLate(lease);
  }
  return outcomes;
}

/** @returns for each task how many of the two were told that it is theirs */
async function raceTakeovers(client: Client, type: string, note: Note): Promise<number[]> {
  const first = await claimAll(client, type, note, leaseSeconds);
  await sleep(leaseSeconds * 1_000 + 300);
  const winners = new Map(first.map(({ id }) => [id, 0]));
  const win = (id: string) => winners.set(id, (winners.get(id) ?? 0) + 1);
  for (let at = 0; at < first.length; at += 10) {
    const racing = first.slice(at, at + 10);
    const [taken, ...answers] = await Promise.all([
      claim(client, type, note, 120, racing.length),
      ...racing.map((lease) => complete(client, lease, note)),
    ]);
    for (const [index, { id }] of racing.entries()) if (answers[index]?.status === 200) win(id);
    for (const lease of taken) win(lease.id);
    for (const lease of taken) await complete(client, lease, note);
  }
  // Refused late completes leave their task to whoever looks next.
  for (const lease of await claim(client, type, note, 120)) {
    win(lease.id);
    await complete(client, lease, note);
  }
  return [...winners.values()];
}

async function claimAll(client: Client, type: string, note: Note, lease: number): Promise<Lease[]> {
  const leases = await Promise.all(Array.from({ length: 4 }, () => claim(client, type, note, lease)));
  return leases.flat();
}
