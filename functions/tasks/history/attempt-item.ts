import type { Key } from '../../shared/dynamo/item.ts';
import type { Attempt, Progress, StoredError } from '../task.ts';

/**
 * The archive of a task's attempts: items of the views table that the changes function writes from the stream,
 * so that no worker waits for them. The task itself keeps its latest attempts (attempt-slots.ts); whoever lists
 * them reads both. The history of a task's fields is something else (functions/platform/history-item.ts).
 */
export interface AttemptItem extends Key, Attempt {
  /** With the details, and all of the message. */
  error?: StoredError;
  /** Epoch seconds. */
  ttl: number;
}

/** What a worker told of its progress. */
export interface ProgressItem extends Key {
  lease: number;
  /** When it was told. */
  at: string;
  progress: Progress;
  ttl: number;
}

export const attemptPartition = (tenantId: string, taskId: string) => `${tenantId}#attempts#${taskId}`;

/** Padded, so that leases and versions sort as text. */
const padded = (count: number) => String(count).padStart(10, '0');

export const attemptKey = (lease: number) => padded(lease);
/** Progress stands behind its attempt, in the order of the versions of the task. */
export const progressKey = (lease: number, version: number) => `${padded(lease)}#${padded(version)}`;
/** Thinned-out progress stands behind that which is kept one by one, in the order of time. */
export const thinnedKey = (lease: number, millis: number) =>
  `${padded(lease)}#~${String(millis).padStart(15, '0')}`;

/** The lease that an archive key belongs to. */
export const leaseOfKey = (key: string) => Number(key.slice(0, 10));

/**
 * An attempt goes into the archive this many leases before its slot is used again, so that it is there in time
 * also when the stream runs behind.
 */
export const archiveAfterLeases = 10;

/** So much longer than ended tasks of the type are kept: a task may live on for a while after an attempt. */
const extraDays = 90;

/** When an archived attempt or message is removed, epoch seconds. @param at ISO 8601 */
export function archiveEnd(at: string, retentionDays: number): number {
  return Math.floor(Date.parse(at) / 1_000) + (retentionDays + extraDays) * 86_400;
}
