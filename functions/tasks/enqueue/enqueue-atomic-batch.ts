import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { maxTransactionWrites } from '../../shared/dynamo/transaction.ts';
import { carryOutOnce, type IdempotencyKey, withReplay } from '../../shared/idempotency.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { Problem } from '../../shared/problem.ts';
import { type AttachedBatch, attachBatch } from '../dependencies/attach-batch.ts';
import { batchGraph } from '../dependencies/batch-graph.ts';
import { edgeWrites } from '../dependencies/edges.ts';
import { announceTasks } from '../push/runner-queue.ts';
import type { TaskItem } from '../task.ts';
import { aboutChecks } from './about-checks.ts';
import {
  type BatchAnswer,
  type BatchedTask,
  fromStoredBatch,
  resultOf,
  toStoredBatch,
} from './batch-answer.ts';
import { DedupeKeyHeld, guardKey, guardWrites, livingHolder } from './dedupe.ts';
import { AlreadyWritten, putNewTask, takeoverAttempts } from './enqueue.ts';
import type { BatchInput } from './enqueue-batch.ts';
import { planBatch, pointInto } from './plan-batch.ts';

/**
 * All tasks in one transaction.
 * @throws {Problem} of the first task that cannot be made, `duplicate` for a dedupe key that a living task has,
 * `validation_failed` for more writes than a transaction takes; nothing is written then
 */
export function enqueueAtomicBatch(
  { tasks: bodies }: BatchInput,
  actor: Actor,
  idempotency: IdempotencyKey | undefined,
): Promise<BatchAnswer> {
  // Planning is part of what is replayed: a task that was made may not be valid any more.
  return withReplay<BatchAnswer>(
    idempotency,
    async () => {
      const graph = batchGraph(bodies);
      const planned = (await planBatch(bodies, actor)).map((entry) => {
        if ('problem' in entry) throw entry.problem;
        return entry.task;
      });
      const attached = await attachBatch(planned, graph, actor, now(), pointInto);
      await commitAll(attached, idempotency);
      return { results: madeOf(attached).map(resultOf), replayed: false };
    },
    (answer) => ({ results: fromStoredBatch(answer, bodies), replayed: true }),
  );
}

/** A task that an earlier place has made is found by the later one, as by two calls in a row. */
function madeOf({ tasks, sameAs }: AttachedBatch): BatchedTask[] {
  return tasks.map((task, index) => {
    const same = sameAs.get(index);
    return same === undefined ? { index, status: 201, task } : { index, status: 200, task, sameAs: same };
  });
}

/** Like a single task's commit: the holders of dedupe keys are looked at only when a key turns out to be held. */
async function commitAll(batch: AttachedBatch, idempotency: IdempotencyKey | undefined): Promise<void> {
  const tasks = [...new Set(batch.tasks)];
  const ids = new Set(tasks.map(({ id }) => id));
  await announceTasks(tasks);
  let ended = new Map<string, string>();
  for (let attempt = 1; ; attempt += 1) {
    const parts = {
      tasks: tasks.map(putNewTask),
      'records that tasks are about': aboutChecks(
        tasks,
        (at) => `/tasks/${batch.tasks.indexOf(tasks[at] as TaskItem)}`,
      ),
      'dependencies on tasks outside of the batch': tasks.flatMap((task) => edgeWrites(task, ids)),
      'dedupe keys, with the checks of those who had them': lastOfKeys(tasks).flatMap((task) =>
        guardWrites(task, ended.get(task.id)),
      ),
    };
    requireRoom({ ...parts, 'Idempotency-Key': idempotency ? [idempotency] : [] });
    try {
      return await carryOutOnce(Object.values(parts).flat(), idempotency, toStoredBatch(madeOf(batch)));
    } catch (error) {
      if (error instanceof AlreadyWritten) return;
      if (!(error instanceof DedupeKeyHeld) || attempt === takeoverAttempts) throw error;
      ended = await endedHolders(batch);
    }
  }
}

/**
 * The tasks that hold their dedupe keys in the end. A task whose parent has failed already ends as it is made, and
 * a later place may have the key: DynamoDB takes no two writes of one item in a transaction.
 */
function lastOfKeys(tasks: readonly TaskItem[]): TaskItem[] {
  return [...new Map(tasks.map((task) => [JSON.stringify([task.type, task.dedupeKey]), task])).values()];
}

/** @throws {Problem} `validation_failed` saying what the writes are for */
function requireRoom(parts: Record<string, readonly unknown[]>): void {
  const counts = Object.entries(parts).flatMap(([what, { length }]) =>
    length > 0 ? [{ what, length }] : [],
  );
  const total = counts.reduce((sum, { length }) => sum + length, 0);
  if (total <= maxTransactionWrites) return;
  const list = counts.map(({ what, length }) => `${length} for ${what}`).join(', ');
  throw new Problem(
    'validation_failed',
    `An atomic batch is one transaction of at most ${maxTransactionWrites} writes and this one needs ${total}: ${list}; send fewer tasks, or atomic: false`,
    { errors: [{ pointer: '/tasks', code: 'too_many', message: `needs ${total} writes: ${list}` }] },
  );
}

/**
 * Which ended task holds the dedupe key of which new one, by their ids; two reads a key.
 * @throws {Problem} `duplicate` pointing to a task whose key a living one has
 */
async function endedHolders({ tasks, sameAs }: AttachedBatch): Promise<Map<string, string>> {
  const keyed = tasks.flatMap((task, index) =>
    task.dedupeKey && !sameAs.has(index)
      ? [{ task, index, guard: guardKey(task.tenantId, task.type, task.dedupeKey) }]
      : [],
  );
  const held = await mapConcurrently(keyed, 8, async ({ guard, index, task }) => {
    const holderId = (await getItem('platform', guard))?.taskId as string | undefined;
    if (holderId === undefined) return [];
    if (await livingHolder(task.tenantId, holderId, task.requestId)) throw heldBy(holderId, index);
    return [[task.id, holderId] as const];
  });
  return new Map(held.flat());
}

function heldBy(holderId: string, index: number): Problem {
  const { code, detail, options } = new DedupeKeyHeld(holderId);
  const pointer = `/tasks/${index}/dedupeKey`;
  return new Problem(code, detail, {
    ...options,
    errors: [{ pointer, code, message: 'is held by a living task' }],
  });
}
