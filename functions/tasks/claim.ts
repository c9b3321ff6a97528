import * as z from 'zod/mini';
import type { Actor } from '../shared/actor.ts';
import { now } from '../shared/clock.ts';
import { requestFingerprint } from '../shared/idempotency.ts';
import { validationFailed } from '../shared/problem.ts';
import { type Candidate, readCandidates } from './candidates.ts';
import { type ClaimRecord, ClaimRepeated, noteIntent, repeatClaim } from './claim-record.ts';
import { noteRaces, pickSpread, spreadFor } from './contention.ts';
import { described, line, typeName, wholeNumber } from './fields.ts';
import { pollPause } from './poll-pace.ts';
import { takeCandidate } from './take-candidate.ts';
import type { TaskItem } from './task.ts';
import type { TaskType } from './task-type.ts';
import { requireType } from './type-registry.ts';
import { requireTypeScope } from './type-scope.ts';

export const claimInput = z.strictObject({
  types: z.array(typeName).check(z.minLength(1), z.maxLength(10)),
  workerId: described(line(128), 'Names the worker in the history of its tasks.'),
  max: z._default(wholeNumber(1, 25), 1),
  leaseSeconds: described(z.optional(wholeNumber(1, 43_200)), "The type's own when left out."),
  waitSeconds: described(z._default(wholeNumber(0, 20), 0), 'Waits this long for a task when there is none.'),
  claimId: described(
    z.optional(line(100)),
    'Repeating a claim with the same id gives the leases that it got, so a lost answer loses nothing.',
  ),
  order: described(
    z._default(z.enum(['rank', 'newest']), 'rank'),
    '`rank`: by ready time less the head start of the priority. `newest`: the other way round.',
  ),
});

export type ClaimInput = z.infer<typeof claimInput>;

/**
 * Leases tasks: one Query a type and one UpdateItem a task; an empty list when there is nothing to do.
 * @param untilMillis when waiting has to end at the latest, epoch milliseconds
 * @throws {Problem} `validation_failed`, `forbidden`, `idempotency_mismatch`
 */
export async function claimTasks(input: ClaimInput, actor: Actor, untilMillis: number): Promise<TaskItem[]> {
  const types = await claimableTypes(input, actor);
  const record = input.claimId === undefined ? undefined : recordOf(input.claimId, input);
  const waitUntil = Math.min(untilMillis, now().getTime() + input.waitSeconds * 1_000);
  try {
    let quietSince = now().getTime();
    for (let poll = 1; ; poll += 1) {
      const { tasks, sawSome } = await claimNow(input, types, record, actor);
      if (tasks.length > 0) return tasks;
      const at = now().getTime();
      if (sawSome) quietSince = at;
      const left = waitUntil - at;
      if (record && (poll === 1 || left <= 0)) {
        const earlier = await repeatClaim(record, actor);
        if (earlier) return earlier;
      }
      if (left <= 0) return [];
      const pause = Math.min(left, pollPause(at - quietSince));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  } catch (error) {
    if (error instanceof ClaimRepeated && record) return (await repeatClaim(record, actor)) ?? [];
    throw error;
  }
}

function recordOf(claimId: string, { types, workerId, max, leaseSeconds, order }: ClaimInput): ClaimRecord {
  const fingerprint = requestFingerprint(types.join(), workerId, String(max), String(leaseSeconds), order);
  return { claimId, fingerprint, written: false };
}

async function claimableTypes({ types }: ClaimInput, { caller }: Actor): Promise<TaskType[]> {
  for (const name of types) requireTypeScope(caller, name);
  return Promise.all(
    [...new Set(types)].map(async (name) => {
      const pointer = `/types/${types.indexOf(name)}`;
      const type = await requireType(caller.tenantId, name, pointer);
      if (type.executor === 'worker') return type;
      throw validationFailed([
        {
          pointer,
          code: 'not_claimable',
          message: `${name} is not done by workers but by: ${type.executor}`,
        },
      ]);
    }),
  );
}

/** Lost races in a row after which an empty-handed claim answers that there is nothing; never an error. */
const maxRounds = 12;
/** A Query is cheaper than a lost write, a write into what was just read than a Query: so this many, then look again. */
const triesOfPool = 2;
/** After this many rounds a claim is content with fewer tasks than it may have. */
const roundsToFill = 3;

/** @returns `sawSome` also when others were faster */
async function claimNow(
  input: ClaimInput,
  types: TaskType[],
  record: ClaimRecord | undefined,
  actor: Actor,
): Promise<{ tasks: TaskItem[]; sawSome: boolean }> {
  const scope = `${actor.caller.tenantId}#${input.types.join()}#${input.order}`;
  const claimed: TaskItem[] = [];
  let sawSome = false;
  for (let round = 1; round <= maxRounds; round += 1) {
    const at = now();
    const wanted = input.max - claimed.length;
    const spread = spreadFor(scope, at.getTime());
    let pool = await readCandidates(actor.caller.tenantId, types, {
      count: wanted + spread,
      order: input.order,
      nowMillis: at.getTime(),
    });
    let picked = pickSpread(pool, wanted, spread);
    if (picked.length === 0) break;
    sawSome = true;
    for (let tries = 0; picked.length > 0 && tries < triesOfPool; tries += 1) {
      if (record) await noteIntent(record, picked, actor);
      const taken = await takeAll(picked, input, actor, at);
      claimed.push(...taken.tasks);
      noteRaces(scope, taken.lost, picked.length, at.getTime());
      if (taken.tasks.length === picked.length) return { tasks: claimed, sawSome };
      const tried = new Set(picked);
      pool = pool.filter((candidate) => !tried.has(candidate));
      picked = pickSpread(pool, picked.length - taken.tasks.length, spread);
    }
    if (claimed.length > 0 && round >= roundsToFill) break;
  }
  return { tasks: claimed, sawSome };
}

/** @throws what the table said, unless some were taken: those must reach their worker. */
async function takeAll(candidates: Candidate[], input: ClaimInput, actor: Actor, at: Date) {
  const outcomes = await Promise.allSettled(
    candidates.map((candidate) => takeCandidate(candidate, input, actor, at)),
  );
  const tasks: TaskItem[] = [];
  let lost = 0;
  let failure: unknown;
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') failure = outcome.reason;
    else if (outcome.value === 'lost') lost += 1;
    else if (outcome.value !== 'ended') tasks.push(outcome.value.task);
  }
  if (failure !== undefined && tasks.length === 0) throw failure;
  return { tasks, lost };
}
