import type { BatchQueue } from './batch-queue.ts';
import type { Caller } from './caller.ts';
import type { AppSyncError } from './response-errors.ts';
import type { SubscriptionFilter } from './subscription-filter.ts';

/** What a subscription's resolver leaves behind. */
export interface Registration {
  /** Coerced arguments of the subscription field; absent until the field was authorized. */
  args?: Record<string, unknown>;
  filter?: SubscriptionFilter;
  invalidation?: SubscriptionFilter;
}

/** `contextValue` of one execution. */
export interface OperationContext {
  caller: Caller;
  headers: Record<string, string>;
  variables: Record<string, unknown>;
  /**
   * `run`: queries and mutations; `subscribe`: the subscription's own resolver, once, at its start;
   * `deliver`: published data, which no resolver touches any more.
   */
  phase: 'run' | 'subscribe' | 'deliver';
  registration?: Registration;
  /** From `util.appendError`: these do not make their field null. */
  appended: AppSyncError[];
  resolversRun: number;
  batches: BatchQueue;
  invalidate(subscriptionField: string, payload: Record<string, unknown>): void;
}
