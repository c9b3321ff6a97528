import type { Actor } from '../../shared/actor.ts';
import { ConditionFailed, updateItem } from '../../shared/dynamo/table.ts';
import { log } from '../../shared/logger.ts';
import { readSortKey, readyKeys, statePartition } from '../indexes/index-keys.ts';
import { stamp } from '../lifecycle/end-task.ts';
import { taskKey } from '../task.ts';
import { taskUpdate } from '../task-update.ts';
import type { Candidate } from './candidates.ts';

/**
 * Moves tasks whose start has come into the ready index, where they stand by rank: one conditional UpdateItem each,
 * once for each time that a task was scheduled. Most tasks never need it, since claims take them as they become due.
 */
export async function makeReady(candidates: readonly Candidate[], actor: Actor, now: Date): Promise<void> {
  await Promise.all(candidates.map((candidate) => makeOneReady(candidate, actor, now)));
}

async function makeOneReady({ id, type, facts, key }: Candidate, actor: Actor, now: Date): Promise<void> {
  const { tenantId } = actor.caller;
  const keyed = { tenantId, type: type.name, id, facts, readyShards: type.readyShards };
  const members = {
    state: 'ready',
    statePk: statePartition(tenantId, 'ready'),
    ...readyKeys(keyed, readSortKey(key).at, type.priorityWeightSeconds),
    duePk: undefined,
    dueSk: undefined,
    ...stamp(now, actor),
  };
  const same = { text: 'dueSk = :key', values: { ':key': key } };
  try {
    await updateItem('tasks', taskKey(tenantId, id), taskUpdate(members), same);
  } catch (error) {
    // Leased or changed by others meanwhile.
    if (error instanceof ConditionFailed) return;
    // The claim does not depend on it, and the next one that passes the task over tries again.
    log().warn('a task that is due was not made ready', { taskId: id, error: error as Error });
  }
}
