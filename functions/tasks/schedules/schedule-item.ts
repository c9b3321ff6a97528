import type { Item, Key } from '../../shared/dynamo/item.ts';
import { timerKeys } from '../indexes/index-keys.ts';
import type { ScheduleTimes } from './schedule-input.ts';
import type { Times } from './ticks.ts';

/** A schedule as stored, in the table of the tasks: its timer stands in the index that the clock reads. */
export interface ScheduleItem extends Item, Key, Times, ScheduleTimes {
  entity: 'schedule';
  tenantId: string;
  name: string;
  type: string;
  /** JSON text, as sent. */
  input?: string;
  overlap: 'skip' | 'queue';
  enabled: boolean;
  title?: string;
  priority: number;
  maxAttempts?: number;
  /** The tick to be made next; absent when disabled, and when none ever comes. */
  nextAt?: string;
  lastRunAt?: string;
  lastTaskId?: string;
  madeCount: number;
  skippedCount: number;
  lastError?: { at: string; code: string; message: string };
  /** Of the definition: a tick does not count as a change. */
  version: number;
  createdAt: string;
  updatedAt: string;
  createdBy: string;
  updatedBy: string;
}

/** All schedules of a tenant, in the order of their names. */
export const schedulesPartition = (tenantId: string) => `${tenantId}#schedules`;

export function scheduleKey(tenantId: string, name: string): Key {
  return { pk: schedulesPartition(tenantId), sk: `schedule#${name}` };
}

/** The attributes of the next tick. */
export function nextTickMembers(tenantId: string, name: string, nextMillis: number | undefined) {
  if (nextMillis === undefined) return { nextAt: undefined, timerPk: undefined, timerSk: undefined };
  return { nextAt: new Date(nextMillis).toISOString(), ...timerKeys(`${tenantId}#${name}`, nextMillis) };
}

/** True while nobody has changed a schedule or made its next tick. */
export function unchanged({ version, nextAt }: ScheduleItem) {
  return {
    text: `#version = :version AND ${nextAt === undefined ? 'attribute_not_exists(nextAt)' : 'nextAt = :nextAt'}`,
    names: { '#version': 'version' },
    values: { ':version': version, ...(nextAt !== undefined && { ':nextAt': nextAt }) },
  };
}
