import { randomUUID } from 'node:crypto';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { batchGetItems, ConditionFailed, getItem, putItem, updateItem } from '../../shared/dynamo/table.ts';
import { Problem } from '../../shared/problem.ts';
import { type TaskItem, taskKey } from '../task.ts';
import type { Candidate } from './candidates.ts';

/**
 * Makes a claim safe to repeat: before it takes tasks under a `claimId`, their ids are written down. Whoever
 * repeats the claim, because its answer was lost, finds the ids and from them the leases. Claims without
 * `claimId` pay nothing for this.
 */
export interface ClaimRecord {
  claimId: string;
  /** What was asked for; another request under the same id is a mistake of the caller. */
  fingerprint: string;
  /** By this very request, so that no other one takes tasks under the id. */
  written: boolean;
}

/** Another request has taken tasks under this claim id. */
export class ClaimRepeated extends Error {
  override readonly name = 'ClaimRepeated';
}

const keptSeconds = 24 * 60 * 60;

const recordKey = (tenantId: string, claimId: string) => ({
  pk: `${tenantId}#claim#${claimId}`,
  sk: 'claim',
});

/** Writes down which tasks are going to be taken. @throws {ClaimRepeated} */
export async function noteIntent(record: ClaimRecord, candidates: Candidate[], actor: Actor): Promise<void> {
  const key = recordKey(actor.caller.tenantId, record.claimId);
  const taskIds = candidates.map(({ id }) => id);
  if (record.written) {
    const living = { text: 'attribute_not_exists(abandoned)' };
    try {
      const more = { text: 'SET taskIds = list_append(taskIds, :ids)', values: { ':ids': taskIds } };
      await updateItem('platform', key, more, living);
    } catch (error) {
      throw error instanceof ConditionFailed ? new ClaimRepeated() : error;
    }
    return;
  }
  const seconds = Math.floor(now().getTime() / 1_000);
  const { fingerprint } = record;
  // Tells whether it is this call that has written already, and its answer was lost.
  const nonce = randomUUID();
  try {
    await putItem(
      'platform',
      { ...key, taskIds, fingerprint, nonce, createdAt: seconds, ttl: seconds + keptSeconds },
      {
        text: 'attribute_not_exists(pk) OR #ttl < :now OR nonce = :nonce',
        names: { '#ttl': 'ttl' },
        values: { ':now': seconds, ':nonce': nonce },
      },
    );
    record.written = true;
  } catch (error) {
    throw error instanceof ConditionFailed ? new ClaimRepeated() : error;
  }
}

/** How often and how long apart the leases of a claim that is still at work are looked for. */
const looks = 4;
const betweenLooksMillis = 150;

/** No request outlives this, in milliseconds (lib/function.ts). */
const longestRequest = 30_000;
const betweenLateLooksMillis = 500;

/**
 * The tasks that are still leased under a claim id; none when it was abandoned, undefined when it was never used.
 * @param untilMillis how long to wait for the first request where it may still be waiting for a task, epoch
 * milliseconds: whatever it gets would be leased for nobody
 * @throws {Problem} `idempotency_mismatch` when it was used for another claim
 */
export async function repeatClaim(
  { claimId, fingerprint }: ClaimRecord,
  actor: Actor,
  untilMillis = 0,
): Promise<TaskItem[] | undefined> {
  for (let look = 1; ; look += 1) {
    const record = await getItem('platform', recordKey(actor.caller.tenantId, claimId));
    if (!record) return undefined;
    if (record.abandoned) return [];
    if (record.fingerprint !== fingerprint) {
      throw new Problem(
        'idempotency_mismatch',
        'This claimId was used for a different claim; use a new one for each new claim',
      );
    }
    const leased = await leasedUnder(record, claimId, actor);
    // Some of them may be all that the first request has taken so far; the rest would be leased for nobody.
    const all = leased.length > 0 && leased.length >= new Set(record.taskIds as string[]).size;
    if (all) return leased;
    const soon = look < looks && isAtWork(record);
    const left = leased.length === 0 && mayWait(record) ? untilMillis - now().getTime() : 0;
    if (!soon && left <= 0) return leased;
    const pause = soon ? betweenLooksMillis : Math.min(left, betweenLateLooksMillis);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Forbids the claim to take any more tasks; answers what it had written down. One UpdateItem. */
export function markAbandoned(claimId: string, actor: Actor): Promise<Item> {
  const seconds = Math.floor(now().getTime() / 1_000);
  return updateItem('platform', recordKey(actor.caller.tenantId, claimId), {
    text:
      'SET abandoned = :yes, taskIds = if_not_exists(taskIds, :none), ' +
      'createdAt = if_not_exists(createdAt, :now), #ttl = if_not_exists(#ttl, :ttl)',
    names: { '#ttl': 'ttl' },
    values: { ':yes': true, ':none': [], ':now': seconds, ':ttl': seconds + keptSeconds },
  });
}

/** The leases of an abandoned claim, look by look, since it may be taking tasks at this moment. */
export async function* leasesOf(record: Item, claimId: string, actor: Actor): AsyncGenerator<TaskItem[]> {
  if ((record.taskIds as string[]).length === 0) return;
  for (let look = 1; look <= looks; look += 1) {
    yield await leasedUnder(record, claimId, actor);
    if (!isAtWork(record)) return;
    await new Promise((resolve) => setTimeout(resolve, betweenLooksMillis));
  }
}

async function leasedUnder(record: Item, claimId: string, actor: Actor): Promise<TaskItem[]> {
  // A claim that waits among many others may have tried for hundreds before it got one.
  const ids = [...new Set(record.taskIds as string[])];
  const tasks = (await batchGetItems(
    'tasks',
    ids.map((id) => taskKey(actor.caller.tenantId, id)),
    { consistent: true },
  )) as TaskItem[];
  return tasks.filter((task) => task.state === 'claimed' && task.claimId === claimId);
}

/** The request that wrote the record may be between writing down the ids and taking the tasks. */
const isAtWork = (record: Item) => ageOf(record) < 3_000;
/** It may have found its tasks taken by others, and look for more. */
const mayWait = (record: Item) => ageOf(record) < longestRequest;
/** Since the first tasks were written down, in milliseconds. */
const ageOf = (record: Item) => now().getTime() - Number(record.createdAt) * 1_000;
