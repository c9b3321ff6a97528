import { hasEnded, type TaskState } from '../lifecycle/state-machine.ts';

/** What a task does when one that it depends on fails: end with it, run all the same, or wait until it is retried. */
export const dependencyFailures = ['cancel', 'run', 'block'] as const;
export type DependencyFailure = (typeof dependencyFailures)[number];

/** A task that others depend on, as far as they care; without a state once it has been removed. */
export interface Parent {
  id: string;
  state: TaskState | undefined;
}

/** What a parent means to a task: it holds it, holds it no longer, or takes it along. */
export type ParentVerdict = 'wait' | 'go' | 'cancel';

/** Every end but `completed` is a failure: dead, cancelled and expired, and removed after one of these. */
export function judgeParent({ state }: Parent, policy: DependencyFailure): ParentVerdict {
  if (state === 'completed') return 'go';
  if (state !== undefined && !hasEnded(state)) return 'wait';
  if (policy === 'run') return 'go';
  // What has been removed is never retried: to wait for it would be to wait for ever.
  return policy === 'block' && state !== undefined ? 'wait' : 'cancel';
}

/** How a task stands among its parents: who holds it, and who has failed it, if one did. */
export interface Standing {
  awaits: string[];
  failed?: Parent;
}

export function standAmong(parents: readonly Parent[], policy: DependencyFailure): Standing {
  const failed = parents.find((parent) => judgeParent(parent, policy) === 'cancel');
  if (failed) return { awaits: [], failed };
  return { awaits: parents.filter((parent) => judgeParent(parent, policy) === 'wait').map(({ id }) => id) };
}
