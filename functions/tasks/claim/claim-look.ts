import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { log } from '../../shared/logger.ts';
import { type Admitted, admit, giveBackUnused } from '../limits/admit.ts';
import type { TaskItem } from '../task.ts';
import type { TaskType } from '../types/task-type.ts';
import { type Candidate, type ClaimOrder, readCandidates } from './candidates.ts';
import { type ClaimRecord, noteIntent } from './claim-record.ts';
import { noteRaces, pickSpread, spreadFor } from './contention.ts';
import { makeReady } from './make-ready.ts';
import { takeCandidate } from './take-candidate.ts';

/** What a look needs to know of the claim that it is for. */
export interface LookRequest {
  types: string[];
  workerId: string;
  max: number;
  leaseSeconds?: number | undefined;
  claimId?: string | undefined;
  order: ClaimOrder;
}

/** Lost races in a row after which an empty-handed claim answers that there is nothing; never an error. */
const maxRounds = 12;
/** A Query is cheaper than a lost write, a write into what was just read than a Query: so this many, then look again. */
const triesOfPool = 2;
/** After this many rounds a claim is content with fewer tasks than it may have. */
const roundsToFill = 3;

/** What one look at the queue came to, and the types that had tasks but no room for them. */
export interface LookOutcome {
  tasks: TaskItem[];
  full: readonly TaskType[];
}

/**
 * Looks once and leases what is there: one Query a type and one UpdateItem a task; for limited types as much as their
 * limits let in. A look never fails because others take the same tasks.
 */
export async function lookForTasks(
  input: LookRequest,
  types: readonly TaskType[],
  record: ClaimRecord | undefined,
  actor: Actor,
): Promise<LookOutcome> {
  const outcome = { tasks: [] as TaskItem[], full: new Set<TaskType>() };
  try {
    await look(input, types, record, actor, outcome);
  } catch (error) {
    // What was leased before must reach its worker.
    if (outcome.tasks.length === 0) throw error;
    log().warn('a claim ends early', { error: error as Error });
  }
  return { tasks: outcome.tasks, full: [...outcome.full] };
}

async function look(
  input: LookRequest,
  types: readonly TaskType[],
  record: ClaimRecord | undefined,
  actor: Actor,
  { tasks: claimed, full }: { tasks: TaskItem[]; full: Set<TaskType> },
): Promise<void> {
  const scope = `${actor.caller.tenantId}#${input.types.join()}#${input.order}`;
  for (let round = 1; round <= maxRounds; round += 1) {
    const at = now();
    const wanted = input.max - claimed.length;
    const spread = spreadFor(scope, at.getTime());
    // Those without room would fill the page and keep the tasks of the others from being seen.
    const open = types.filter((type) => !full.has(type));
    const { first, passedOver } = await readCandidates(actor.caller.tenantId, open, {
      enough: wanted,
      count: wanted + spread,
      order: input.order,
      nowMillis: at.getTime(),
    });
    await makeReady(passedOver, actor, at);
    let pool = first;
    let picked = pickSpread(pool, wanted, spread);
    if (picked.length === 0) return;
    for (let tries = 0; picked.length > 0 && tries < triesOfPool; tries += 1) {
      const taken = await takeAdmitted(picked, open, input, record, actor, at);
      claimed.push(...taken.tasks);
      for (const type of taken.full) full.add(type);
      noteRaces(scope, taken.lost, picked.length, at.getTime());
      if (taken.tasks.length === picked.length) return;
      const tried = new Set(picked);
      const closed = new Set(taken.full.map(({ name }) => name));
      pool = pool.filter((candidate) => !tried.has(candidate) && !closed.has(candidate.type.name));
      picked = pickSpread(pool, picked.length - taken.tasks.length, spread);
    }
    if (claimed.length > 0 && round >= roundsToFill) return;
  }
}

/** Takes those that the limits of their types let in; what was reserved and not used is given back. */
async function takeAdmitted(
  candidates: readonly Candidate[],
  types: readonly TaskType[],
  input: LookRequest,
  record: ClaimRecord | undefined,
  actor: Actor,
  at: Date,
) {
  const { tenantId } = actor.caller;
  const { admitted, full } = await admit(tenantId, candidates, types, input.leaseSeconds, at.getTime());
  try {
    if (record && admitted.length > 0) {
      await noteIntent(
        record,
        admitted.map(({ candidate }) => candidate),
        actor,
      );
    }
  } catch (error) {
    await giveBackUnused(tenantId, admitted);
    throw error;
  }
  const { tasks, lost, unused } = await takeAll(admitted, input, actor, at);
  await giveBackUnused(tenantId, unused);
  return { tasks, lost, full };
}

/** @throws what the table said, unless some were taken: those must reach their worker. */
async function takeAll(admitted: readonly Admitted[], input: LookRequest, actor: Actor, at: Date) {
  const outcomes = await Promise.allSettled(
    admitted.map(({ candidate, hold, until, limitedBy }) =>
      // A lease of a limited type begins when it has its place, which may just have become free.
      takeCandidate(candidate, { ...input, hold, until }, actor, limitedBy ? now() : at),
    ),
  );
  const tasks: TaskItem[] = [];
  const unused: Admitted[] = [];
  let lost = 0;
  let failure: unknown;
  for (const [index, outcome] of outcomes.entries()) {
    // A write whose outcome is unknown may have begun a lease, so its slot stays taken.
    if (outcome.status === 'rejected') failure = outcome.reason;
    else if (typeof outcome.value === 'object') tasks.push(outcome.value.task);
    else {
      if (outcome.value === 'lost') lost += 1;
      unused.push(admitted[index] as Admitted);
    }
  }
  if (failure !== undefined && tasks.length === 0) throw failure;
  return { tasks, lost, unused };
}
