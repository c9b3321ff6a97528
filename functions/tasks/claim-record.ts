import type { Actor } from '../shared/actor.ts';
import { now } from '../shared/clock.ts';
import { batchGetItems, ConditionFailed, getItem, putItem, updateItem } from '../shared/dynamo/table.ts';
import { Problem } from '../shared/problem.ts';
import type { Candidate } from './candidates.ts';
import { type TaskItem, taskKey } from './task.ts';

/**
 * Makes a claim safe to repeat: before it takes tasks under a `claimId`, their ids are written down. Whoever
 * repeats the claim, because its answer was lost, finds the ids and from them the leases. Claims without
 * `claimId` pay nothing for this.
 */
export interface ClaimRecord {
  claimId: string;
  /** What was asked for; another request under the same id is a mistake of the caller. */
  fingerprint: string;
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
    await updateItem('platform', key, {
      text: 'SET taskIds = list_append(taskIds, :ids)',
      values: { ':ids': taskIds },
    });
    return;
  }
  const seconds = Math.floor(now().getTime() / 1_000);
  try {
    await putItem(
      'platform',
      { ...key, taskIds, fingerprint: record.fingerprint, createdAt: seconds, ttl: seconds + keptSeconds },
      {
        text: 'attribute_not_exists(pk) OR #ttl < :now',
        names: { '#ttl': 'ttl' },
        values: { ':now': seconds },
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

/**
 * The tasks that are still leased under a claim id; undefined when it was never used.
 * @throws {Problem} `idempotency_mismatch` when it was used for another claim
 */
export async function repeatClaim(
  { claimId, fingerprint }: ClaimRecord,
  actor: Actor,
): Promise<TaskItem[] | undefined> {
  const { tenantId } = actor.caller;
  for (let look = 1; ; look += 1) {
    const record = await getItem('platform', recordKey(tenantId, claimId));
    if (!record) return undefined;
    if (record.fingerprint !== fingerprint) {
      throw new Problem(
        'idempotency_mismatch',
        'This claimId was used for a different claim; use a new one for each new claim',
      );
    }
    const ids = record.taskIds as string[];
    const tasks = (await batchGetItems(
      'tasks',
      [...new Set(ids)].slice(0, 100).map((id) => taskKey(tenantId, id)),
    )) as TaskItem[];
    const leased = tasks.filter((task) => task.state === 'claimed' && task.claimId === claimId);
    // The first request may be between writing down the ids and taking the tasks.
    const atWork = now().getTime() / 1_000 - Number(record.createdAt) < 3;
    if (leased.length > 0 || !atWork || look === looks) return leased;
    await new Promise((resolve) => setTimeout(resolve, betweenLooksMillis));
  }
}
