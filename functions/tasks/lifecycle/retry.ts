import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import { reattachToParents } from '../dependencies/attach.ts';
import { edgeWrites } from '../dependencies/edges.ts';
import { DedupeKeyHeld, guardWrites, livingHolder } from '../enqueue/dedupe.ts';
import { jsonText, maxInputBytes } from '../enqueue/enqueue-input.ts';
import { described } from '../fields.ts';
import { getTask } from '../find-tasks.ts';
import { placeTask } from '../indexes/place-task.ts';
import { announceTasks } from '../push/runner-queue.ts';
import type { TaskItem } from '../task.ts';
import { requireValidInput } from '../types/enforce.ts';
import { typeAt } from '../types/type-registry.ts';
import type { CommitChange } from './cancel.ts';
import { changed, replaceTask, untilUndisturbed } from './replace-task.ts';
import { isAllowed } from './state-machine.ts';

export const retryInput = z.optional(
  z.strictObject({
    input: described(z.optional(z.unknown()), 'Instead of the input that the task has.'),
  }),
);

/** The redrive that a retry is part of; see dead-letters/redrive-one.ts. */
export interface Redrive {
  /** Looks at the task before anything else, and throws when it is none of those that are meant. */
  admit(task: TaskItem): Promise<void>;
  /** The task that does the redrive; kept on the task that is redriven. */
  redriveId: string;
  /** `commit` writes nothing. */
  dryRun: boolean;
}

/**
 * Makes an ended task ready again, with all of its attempts; parents that are still at work hold it again. A
 * completed one only when a person does it: that reopens a to-do, while work that programs have done is done again
 * by a new task.
 * @throws {Problem} `not_found`, `invalid_transition`, `duplicate` when a newer task has its dedupe key
 */
export async function retryTask(
  id: string,
  newInput: unknown,
  actor: Actor,
  commit: CommitChange,
  ifMatch?: VersionCondition,
  redrive?: Redrive,
): Promise<TaskItem> {
  const input = jsonText(newInput, 'input', maxInputBytes);
  return untilUndisturbed(async () => {
    const task = await getTask(id, actor);
    await redrive?.admit(task);
    requireVersion(ifMatch, task.version);
    requireRetryable(task);
    requireOpenInput(task, input);
    const at = now();
    const type = await typeAt(task.tenantId, task.type, task.typeVersion);
    if (input !== undefined) requireValidInput(type, newInput, input);
    const renewed = {
      ...fresh(task, at),
      ...(input !== undefined && { input }),
      redriveId: redrive?.redriveId,
    };
    const after = changed(task, renewed, actor, at);
    const free = { ...after, ...placeTask(after, type, at.getTime()) } as TaskItem;
    // Whoever only wants to know whether it could be retried leaves no traces with its parents and the runner.
    const placed = redrive?.dryRun ? free : await reattachToParents(free, type, at);
    if (!redrive?.dryRun) await announceTasks([placed]);
    await commitWithKey(placed, commit);
    return placed;
  });
}

function requireRetryable({ state, executor }: TaskItem): void {
  if (isAllowed('retry', state) || (executor === 'person' && isAllowed('reopen', state))) return;
  throw new Problem(
    'invalid_transition',
    `The task is ${state}; only an ended one that is not done can be retried`,
    {
      extensions: { state },
    },
  );
}

/** The input of a built-in task was checked against the rights of whoever made it. */
function requireOpenInput({ executor, type }: TaskItem, input: string | undefined): void {
  if (executor !== 'builtin' || input === undefined) return;
  throw validationFailed([
    { pointer: '/input', code: 'not_allowed', message: `the input of a ${type} task cannot be changed` },
  ]);
}

/** What a new life leaves behind; the history of the old one stays. */
function fresh(task: TaskItem, at: Date): Partial<TaskItem> {
  const passed = task.deadline !== undefined && Date.parse(task.deadline) <= at.getTime();
  return {
    state: 'ready',
    attempt: 0,
    runAt: undefined,
    startBy: undefined,
    ...(passed && { deadline: undefined }),
    endedAt: undefined,
    awaits: undefined,
    releasedTo: undefined,
    ttl: undefined,
    result: undefined,
    error: undefined,
    reason: undefined,
    progress: undefined,
    progressAt: undefined,
    progressCount: undefined,
    checkpoint: undefined,
    cancelRequested: undefined,
    settledToken: undefined,
    settledAs: undefined,
    claimId: undefined,
  };
}

/** Takes the dedupe key back, unless a living task has it by now. */
async function commitWithKey(task: TaskItem, commit: CommitChange): Promise<void> {
  const replacing = [replaceTask(task), ...edgeWrites(task)];
  try {
    await commit([...replacing, ...guardWrites(task)], task);
  } catch (error) {
    if (!(error instanceof DedupeKeyHeld)) throw error;
    if (await livingHolder(task.tenantId, error.holderId, task.requestId)) throw error;
    await commit([...replacing, ...guardWrites(task, error.holderId)], task);
  }
}
