import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import { carryOut, type PlannedWrite } from '../../shared/write-plan.ts';
import { attachToParents } from '../dependencies/attach.ts';
import { edgeWrites } from '../dependencies/edges.ts';
import { announceTasks } from '../push/runner-queue.ts';
import type { TaskItem } from '../task.ts';
import { requireType } from '../types/type-registry.ts';
import { requireTypeScope } from '../types/type-scope.ts';
import { aboutChecks } from './about-checks.ts';
import { DedupeKeyHeld, guardWrites, livingHolder } from './dedupe.ts';
import type { EnqueueInput } from './enqueue-input.ts';
import { newTask } from './new-task.ts';

export interface Enqueued {
  /** False when a living task with the same dedupe key was found instead. */
  created: boolean;
  task: TaskItem;
}

/** Writes the plan of an enqueue; the REST handler adds the idempotency record of its answer. */
export type CommitEnqueue = (writes: PlannedWrite[], enqueued: Enqueued) => Promise<void>;

/**
 * A new task as a caller asked for it, before anything is written.
 * @throws {Problem} `validation_failed`, `payload_too_large`, `forbidden`
 */
export async function planTask(input: EnqueueInput, actor: Actor): Promise<TaskItem> {
  requireTypeScope(actor.caller, input.type);
  const type = await requireType(actor.caller.tenantId, input.type, '/type');
  if (type.executor === 'builtin') {
    // Built-in types act with rights of their own, which their own routes ask for.
    throw validationFailed([
      { pointer: '/type', code: 'not_allowed', message: `${type.name} tasks are made by their own route` },
    ]);
  }
  return newTask(input, type, actor, now());
}

/**
 * Enqueues a task: one write; with `about` also a check of the record, with parents what finds and marks them (dependencies/attach.ts).
 * @throws {Problem} as `planTask`
 */
export async function enqueueTask(
  input: EnqueueInput,
  actor: Actor,
  commit: CommitEnqueue = carryOut,
): Promise<Enqueued> {
  const planned = await planTask(input, actor);
  return commitTask(await attachToParents(planned, actor, now()), commit);
}

/** Enqueues a task of a built-in type, which only its own route may do. */
export async function enqueueBuiltin(
  input: EnqueueInput,
  actor: Actor,
  commit: CommitEnqueue = carryOut,
): Promise<Enqueued> {
  const type = await requireType(actor.caller.tenantId, input.type, '/type');
  return commitTask(newTask(input, type, actor, now()), commit);
}

/** Ended tasks lose their dedupe key to one of many; the others look again. */
export const takeoverAttempts = 5;

/**
 * Writes a new task, or answers the living one that holds its dedupe key. One that the runner does is announced
 * before.
 */
export async function commitTask(task: TaskItem, commit: CommitEnqueue): Promise<Enqueued> {
  await announceTasks([task]);
  let endedHolder: string | undefined;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const writes = [
        putNewTask(task),
        ...edgeWrites(task),
        ...guardWrites(task, endedHolder),
        ...aboutChecks([task]),
      ];
      await commit(writes, { created: true, task });
      return { created: true, task };
    } catch (error) {
      if (error instanceof AlreadyWritten) return { created: true, task };
      if (!(error instanceof DedupeKeyHeld) || attempt === takeoverAttempts) throw error;
      const holder = await livingHolder(task.tenantId, error.holderId, task.requestId);
      if (holder) {
        const found = { created: false, task: holder };
        await commit([], found);
        return found;
      }
      endedHolder = error.holderId;
    }
  }
}

/** The table's first answer was lost and the call sent again: the task is there. */
export class AlreadyWritten extends Problem {
  constructor() {
    super('conflict', 'The task is written already');
  }
}

/** The write of a new task. */
export function putNewTask(task: TaskItem): PlannedWrite {
  return {
    write: { kind: 'put', table: 'tasks', item: task, condition: { text: 'attribute_not_exists(pk)' } },
    refused: () => new AlreadyWritten(),
  };
}
