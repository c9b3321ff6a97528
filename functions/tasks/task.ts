import type { Item, Key } from '../shared/dynamo/item.ts';
import type { DependencyFailure } from './dependencies/rules.ts';
import type { TaskFacts } from './indexes/facts.ts';
import type { TaskState } from './lifecycle/state-machine.ts';

/** Who does the tasks of a type: programs that claim over HTTP, a URL that is called, our runner, or a person. */
export const executors = ['worker', 'http', 'builtin', 'person'] as const;
export type Executor = (typeof executors)[number];

/** How one lease of a task began and ended. */
export interface Attempt {
  /** Number of the lease, from 1. */
  lease: number;
  /** Number of the attempt, from 1; a released lease does not spend it. */
  attempt: number;
  workerId: string;
  startedAt: string;
  endedAt?: string;
  outcome?: 'completed' | 'failed' | 'released' | 'lease_expired' | 'expired' | 'cancelled';
  error?: { code: string; message: string };
}

/** Why the latest attempt failed; `details` is JSON text. */
export interface StoredError {
  code: string;
  message: string;
  details?: string;
}

export interface Progress {
  /** 0 to 100. */
  percent?: number;
  message?: string;
}

/** A task as stored. Index attributes stand beside these (index-keys.ts). Times are ISO 8601 in UTC. */
export interface TaskItem extends Item, Key {
  entity: 'task';
  id: string;
  tenantId: string;
  type: string;
  typeVersion: number;
  executor: Executor;
  state: TaskState;
  title?: string;
  priority: number;
  /** JSON text, as sent. */
  input?: string;
  /** JSON text, as sent. */
  result?: string;
  attempt: number;
  maxAttempts: number;
  /** Leases ever given. */
  lease: number;
  /** The latest leases by slot; see attempt-slots.ts. */
  attempts: Record<string, Attempt>;
  runAt?: string;
  startBy?: string;
  deadline?: string;
  dedupeKey?: string;
  /** Ids of the tasks that it depends on, as they were given. */
  dependsOn?: string[];
  onDependencyFailure?: DependencyFailure;
  /** While it is blocked: the parents that it still waits for. */
  awaits?: Set<string>;
  /**
   * Others depend on it, so its end has to be told to them. Set without moving the version, never taken back;
   * see dependencies/edges.ts.
   */
  dependents?: true;
  /** The dependents that were made in one transaction with it, which have no edges. */
  batchDependents?: string[];
  /** How far its end has been told: the sort key of an edge. */
  releasedTo?: string;
  /** The schedule that made it, and the time it was made for. */
  schedule?: { name: string; at: string };
  assigneeId?: string;
  dueAt?: string;
  /** `<entity>:<id>` of the record that the task is about. */
  about?: string;
  leaseToken?: string;
  leaseExpiresAt?: string;
  workerId?: string;
  claimId?: string;
  /** The token of the lease that was settled last and how: so that settling can be repeated. */
  settledToken?: string;
  settledAs?: 'completed' | 'failed' | 'released';
  cancelRequested?: boolean;
  /** What was given as the reason of a cancellation. */
  reason?: string;
  /** The redrive that has made it ready again after its last death. */
  redriveId?: string;
  progress?: Progress;
  /** When it was told, and how often the holder of the lease has told any. */
  progressAt?: string;
  progressCount?: number;
  error?: StoredError;
  /** Where a built-in type goes on after its time was up; JSON text. */
  checkpoint?: string;
  /** Messages to the runner of earlier versions than this one have been replaced by its own. */
  announced?: number;
  endedAt?: string;
  /** Epoch seconds: when an ended task is removed. */
  ttl?: number;
  version: number;
  createdAt: string;
  updatedAt: string;
  createdBy: string;
  updatedBy: string;
  requestId: string;
}

/** The key of a task: a partition of its own, so that writes spread. */
export function taskKey(tenantId: string, id: string): Key {
  return { pk: `${tenantId}#task#${id}`, sk: 'task' };
}

/** The facts of a stored task, for its index keys. */
export function factsOf(task: TaskItem): TaskFacts {
  return {
    lease: task.lease,
    attempt: task.attempt,
    maxAttempts: task.maxAttempts,
    priority: task.priority,
    typeVersion: task.typeVersion,
    ...(task.startBy && task.lease === 0 && { startBy: Date.parse(task.startBy) }),
    ...(task.deadline && { deadline: Date.parse(task.deadline) }),
  };
}
