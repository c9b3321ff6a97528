import { balance, settleAll } from '../support/account.ts';
import type { Client, HttpAnswer } from '../support/http.ts';
import { type HeldLease, type LeaseHolder, leaseHolder } from '../support/lease-holder.ts';
import { type LedgerEntry, memoryLedger } from '../support/ledger.ts';
import { produce, registerType } from '../support/producer.ts';
import type { ScenarioRow } from '../support/report.ts';
import type { ChaosStack } from '../support/stack.ts';
import { sleep, until } from '../support/wait.ts';

const each = 80;
const longLease = 300;
/** The leases that end have ended, in milliseconds. */
const endMillis = 1_300;

/** How completes that come twice, or after their time, were answered. */
export interface RepeatedCompletes extends ScenarioRow {
  /** Of two completes at the same time under one lease: pairs with two equal answers. */
  equalPairs: number;
  late: number;
  /** Late completes of leases that others had taken over: with 409 `lease_lost`. */
  lateRefused: number;
  /** Tasks that a late complete changed. */
  changedByLate: number;
  races: number;
  /** Races of a late complete with the claim that takes the task over, in which both or neither won. */
  brokenRaces: number;
}

/**
 * A third of the tasks is completed twice at the same time. For the others a first holder lets its lease end:
 * it completes after somebody took the task over, or at the very moment when somebody tries to.
 */
export async function repeatedCompletes(stack: ChaosStack): Promise<RepeatedCompletes> {
  const client = await stack.client('chaos-repeats');
  const entries: LedgerEntry[] = [];
  const holder = leaseHolder(client, memoryLedger('repeats', entries));
  const types = ['completed-twice', 'completed-late', 'completed-in-a-race'] as const;
  const made: string[] = [];
  for (const type of types) {
    await registerType(client, type, {});
    made.push(...(await produce(client, { type, count: each })));
  }
  const pairs = await completeTwice(holder, types[0]);
  const late = await completeLate(client, holder, types[1]);
  const races = await raceTakeovers(holder, types[2]);
  const stored = await Promise.all(types.map((type) => settleAll(client, type, made, 0)));
  return {
    scenario: 'completes are sent twice, late, and in a race with the takeover',
    disturbance: `${pairs.length} twice, ${late.length} late, ${races.length} raced`,
    ...(await balance(client, made, stored.flat(), entries)),
    // Each lease that is let go lets its task begin once more.
    extraExecutionsAllowed: 2 * each,
    recoveries: [],
    equalPairs: pairs.filter((equal) => equal).length,
    late: late.length,
    lateRefused: late.filter(({ answer }) => answer.status === 409 && answer.body.code === 'lease_lost')
      .length,
    changedByLate: late.filter(({ before, after }) => before !== after).length,
    races: races.length,
    brokenRaces: races.filter((winners) => winners !== 1).length,
  };
}

/** @returns for each task whether both completes were answered alike, and well */
async function completeTwice(holder: LeaseHolder, type: string): Promise<boolean[]> {
  const leases = await holder.claimAll(type, longLease, each);
  return inTens(leases, async (lease) => {
    const [first, second] = await Promise.all([holder.complete(lease), holder.complete(lease)]);
    return first.status === 200 && JSON.stringify(first) === JSON.stringify(second);
  });
}

/** The first holders complete while second ones have the leases, and again when those are done. */
async function completeLate(client: Client, holder: LeaseHolder, type: string) {
  const first = await abandoned(holder, type);
  const second = new Map((await holder.claimAll(type, longLease, each)).map((lease) => [lease.id, lease]));
  const tryLate = async (lease: HeldLease) => {
    const read = async () => JSON.stringify((await client.call('GET', `/api/v1/tasks/${lease.id}`)).body);
    const before = await read();
    const answer = await holder.complete(lease);
    return { before, answer, after: await read() };
  };
  const outcomes = await inTens(first, async (lease) => {
    const early: { before: string; after: string; answer: HttpAnswer } = await tryLate(lease);
    await holder.complete(second.get(lease.id) as HeldLease);
    return [early, await tryLate(lease)];
  });
  return outcomes.flat();
}

/** @returns for each task how many of the two were told that it is theirs */
async function raceTakeovers(holder: LeaseHolder, type: string): Promise<number[]> {
  const first = await abandoned(holder, type);
  const winners = new Map(first.map(({ id }) => [id, 0]));
  const win = ({ id }: HeldLease) => winners.set(id, (winners.get(id) ?? 0) + 1);
  const takeOver = async (max: number) => {
    for (const lease of await holder.claim(type, longLease, max)) {
      win(lease);
      await holder.complete(lease);
    }
  };
  for (let at = 0; at < first.length; at += 10) {
    const racing = first.slice(at, at + 10);
    await Promise.all([
      takeOver(racing.length),
      ...racing.map(async (lease) => (await holder.complete(lease)).status === 200 && win(lease)),
    ]);
  }
  // A refused late complete leaves its task to the one who took it over, who may have taken others than those above.
  await until('every race has a winner', 30_000, async () => {
    await takeOver(25);
    return ![...winners.values()].includes(0);
  });
  return [...winners.values()];
}

/** Leases that have ended; nobody has taken their tasks over yet. */
async function abandoned(holder: LeaseHolder, type: string): Promise<HeldLease[]> {
  const leases = await holder.claimAll(type, longLease, each);
  await inTens(leases, (lease) => holder.letEnd(lease));
  await sleep(endMillis);
  return leases;
}

/** Does the same with all, ten at a time. */
async function inTens<In, Out>(items: In[], act: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (let at = 0; at < items.length; at += 10) {
    results.push(...(await Promise.all(items.slice(at, at + 10).map(act))));
  }
  return results;
}
