import { createHash } from 'node:crypto';
import type { TaskState } from '../lifecycle/state-machine.ts';
import { decodeFacts, encodeFacts, type TaskFacts, withoutRank } from './facts.ts';
import { rankOf, sortable } from './rank.ts';

/** The one place where the index keys of tasks are composed. Attribute names are those of table-schema.ts. */

/** What takes a task out of every index that something would happen from. */
export const outOfIndexes = {
  readyPk: undefined,
  readySk: undefined,
  duePk: undefined,
  dueSk: undefined,
  timerPk: undefined,
  timerSk: undefined,
} as const;

/** Tasks of a type that can be claimed now, in the part of the queue that `shard` numbers. */
export const readyPartition = (tenantId: string, type: string, shard = 0) =>
  `${tenantId}#ready#${type}${suffix(shard)}`;

/** Tasks of a type that can be claimed later: scheduled ones, and claimed ones whose lease may end. */
export const duePartition = (tenantId: string, type: string, shard = 0) =>
  `${tenantId}#due#${type}${suffix(shard)}`;

/** The first shard has none, so that a queue can be split without moving what is in it. */
const suffix = (shard: number) => (shard === 0 ? '' : `#${shard}`);

/**
 * The shard of a task among those that its type had at some version. Claims look into all that the type has
 * now, and a type never gets fewer: so a task may stay where an earlier version of its type has put it.
 */
export function shardOf(id: string, shards: number): number {
  return shards === 1 ? 0 : createHash('md5').update(id).digest().readUInt16BE(2) % shards;
}

/** A task that is put into the ready or due index. */
export interface KeyedBy {
  tenantId: string;
  type: string;
  id: string;
  facts: TaskFacts;
  /** Of the type, at any version from the task's own to the one in force. */
  readyShards: number;
}

/** The keys of a ready task. @param readyMillis when it became ready; of no account where the facts keep a rank */
export function readyKeys(task: KeyedBy, readyMillis: number, weightSeconds: number) {
  const rank = task.facts.rank ?? rankOf(readyMillis, task.facts.priority, weightSeconds);
  return {
    readyPk: readyPartition(task.tenantId, task.type, shardOf(task.id, task.readyShards)),
    readySk: `${sortable(rank)}#${task.id}#${encodeFacts(withoutRank(task.facts))}`,
  };
}

/** The keys of a task that becomes claimable at a time (epoch milliseconds). */
export function dueKeys(task: KeyedBy, dueMillis: number) {
  return {
    duePk: duePartition(task.tenantId, task.type, shardOf(task.id, task.readyShards)),
    dueSk: `${sortable(dueMillis)}#${task.id}#${encodeFacts(task.facts)}`,
  };
}

/** The sort key after everything that is due by now. */
export const dueUntil = (nowMillis: number) => `${sortable(nowMillis)}#~`;

/** What a ready or due sort key says. */
export interface KeyedTask {
  id: string;
  facts: TaskFacts;
  /** The rank of a ready task, the due time of the others; epoch milliseconds. */
  at: number;
}

/** Reads a ready or due sort key. */
export function readSortKey(key: string): KeyedTask {
  const [at = '', id = '', facts = ''] = key.split('#');
  return { id, facts: decodeFacts(facts), at: Number(at) };
}

/** The clock reads all tenants at once, so this one index is not by tenant; shards keep it from running hot. */
export const timerShards = 4;

export const timerPartition = (shard: number) => `system#timer#${shard}`;

/** The keys of a task that the clock must look at. */
export function timerKeys(id: string, millis: number) {
  const shard = (createHash('md5').update(id).digest()[0] ?? 0) % timerShards;
  return { timerPk: timerPartition(shard), timerSk: `${sortable(millis)}#${id}` };
}

/** The sort key after every timer that has run out by now. */
export const timersUntil = (nowMillis: number) => `${sortable(nowMillis)}#~`;

export const createdPartition = (tenantId: string) => `${tenantId}#tasks`;
export const statePartition = (tenantId: string, state: TaskState | string) => `${tenantId}#state#${state}`;
export const typePartition = (tenantId: string, type: string) => `${tenantId}#type#${type}`;
export const assigneePartition = (tenantId: string, assigneeId: string) =>
  `${tenantId}#assignee#${assigneeId}`;
export const aboutPartition = (tenantId: string, about: string) => `${tenantId}#about#${about}`;

/** Dead tasks by the time of their death: all of the tenant, of a type, of an error code. */
export const deadPartition = (tenantId: string) => `${tenantId}#dead`;
export const deadTypePartition = (tenantId: string, type: string) => `${tenantId}#dead#type#${type}`;
export const deadCodePartition = (tenantId: string, code: string) => `${tenantId}#dead#code#${code}`;

/**
 * The keys of a dead task. Nothing claims it and no timer runs for it, so it stands in partitions of its own in
 * the indexes that serve those: by tenant in byReady, by type in byDue, by error code in byTimer.
 * @param endedAt ISO 8601
 */
export function deadKeys(
  { tenantId, id, type }: { tenantId: string; id: string; type: string },
  endedAt: string,
  errorCode: string,
) {
  const sk = `${endedAt}#${id}`;
  return {
    ...{ readyPk: deadPartition(tenantId), readySk: sk },
    ...{ duePk: deadTypePartition(tenantId, type), dueSk: sk },
    ...{ timerPk: deadCodePartition(tenantId, errorCode), timerSk: sk },
  };
}
