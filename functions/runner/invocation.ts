import type { Actor } from '../shared/actor.ts';
import type { LeaseHolder } from '../tasks/lease/lease-write.ts';
import type { Settled } from '../tasks/lease/settle.ts';
import type { TaskItem } from '../tasks/task.ts';

/** The invocation that a message is handled in. */
export interface Invocation {
  requestId: string;
  remainingMillis(): number;
  /** How often the message has been received, this time included. */
  receives: number;
  /**
   * Makes the message visible again at a time, unless it has been dealt with by then. Never fails: without it the
   * message comes back later.
   * @param millis epoch milliseconds
   */
  showAgainAt(millis: number): Promise<void>;
}

/** How a task is going to be done once it is leased. */
export interface Run {
  /** The type's own when absent. */
  leaseSeconds?: number;
  /** Does the task and settles its lease. @throws {Problem} `lease_lost` */
  settle(task: TaskItem, holder: LeaseHolder, actor: Actor): Promise<Settled>;
}

/** What settling a task at the end may take, in milliseconds. */
export const settleMargin = 8_000;
