import { createHash } from 'node:crypto';
import { decodeFacts, encodeFacts, type TaskFacts } from './facts.ts';
import { rankOf, sortable } from './rank.ts';
import type { TaskState } from './state-machine.ts';

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

/** Tasks of a type that can be claimed now. A busy type may get several of these later, by a suffix. */
export const readyPartition = (tenantId: string, type: string) => `${tenantId}#ready#${type}`;

/** Tasks of a type that can be claimed later: scheduled ones, and claimed ones whose lease may end. */
export const duePartition = (tenantId: string, type: string) => `${tenantId}#due#${type}`;

/** The keys of a ready task. @param readyMillis when it became ready */
export function readyKeys(
  task: { tenantId: string; type: string; id: string; facts: TaskFacts },
  readyMillis: number,
  weightSeconds: number,
) {
  const rank = rankOf(readyMillis, task.facts.priority, weightSeconds);
  return {
    readyPk: readyPartition(task.tenantId, task.type),
    readySk: `${sortable(rank)}#${task.id}#${encodeFacts(task.facts)}`,
  };
}

/** The keys of a task that becomes claimable at a time (epoch milliseconds). */
export function dueKeys(
  task: { tenantId: string; type: string; id: string; facts: TaskFacts },
  dueMillis: number,
) {
  return {
    duePk: duePartition(task.tenantId, task.type),
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
