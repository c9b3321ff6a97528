import type { Actor } from '../shared/actor.ts';
import { getItem } from '../shared/dynamo/table.ts';
import { carryOutOnce, type IdempotencyKey, withReplay } from '../shared/idempotency.ts';
import { mapConcurrently } from '../shared/map-concurrently.ts';
import { Problem } from '../shared/problem.ts';
import { type BatchAnswer, fromStoredBatch, resultOf, toStoredBatch } from './batch-answer.ts';
import { DedupeKeyHeld, guardKey, guardWrites } from './dedupe.ts';
import { AlreadyWritten, putNewTask, takeoverAttempts } from './enqueue.ts';
import type { BatchInput } from './enqueue-batch.ts';
import { planBatch } from './plan-batch.ts';
import { announceTasks } from './runner-queue.ts';
import { hasEnded } from './state-machine.ts';
import { type TaskItem, taskKey } from './task.ts';

/**
 * All tasks in one transaction.
 * @throws {Problem} of the first task that cannot be made, `duplicate` for a dedupe key that a living task has;
 * nothing is written then
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
      const tasks = (await planBatch(bodies, actor)).map((entry) => {
        if ('problem' in entry) throw entry.problem;
        return entry.task;
      });
      await commitAll(tasks, idempotency);
      return { results: madeOf(tasks).map(resultOf), replayed: false };
    },
    (answer) => ({ results: fromStoredBatch(answer, bodies), replayed: true }),
  );
}

const madeOf = (tasks: TaskItem[]) => tasks.map((task, index) => ({ index, status: 201, task }));

/** Like a single task's commit: the holders of dedupe keys are looked at only when a key turns out to be held. */
async function commitAll(tasks: TaskItem[], idempotency: IdempotencyKey | undefined): Promise<void> {
  await announceTasks(tasks);
  let ended = new Map<string, string>();
  for (let attempt = 1; ; attempt += 1) {
    const writes = tasks.flatMap((task) => [putNewTask(task), ...guardWrites(task, ended.get(task.id))]);
    try {
      return await carryOutOnce(writes, idempotency, toStoredBatch(madeOf(tasks)));
    } catch (error) {
      if (error instanceof AlreadyWritten) return;
      if (!(error instanceof DedupeKeyHeld) || attempt === takeoverAttempts) throw error;
      ended = await endedHolders(tasks);
    }
  }
}

/**
 * Which ended task holds the dedupe key of which new one, by their ids; two reads a key.
 * @throws {Problem} `duplicate` pointing to a task whose key a living one has
 */
async function endedHolders(tasks: TaskItem[]): Promise<Map<string, string>> {
  const keyed = tasks.flatMap((task, index) =>
    task.dedupeKey ? [{ task, index, guard: guardKey(task.tenantId, task.type, task.dedupeKey) }] : [],
  );
  const held = await mapConcurrently(keyed, 8, async ({ guard, index, task }) => {
    const holderId = (await getItem('platform', guard))?.taskId as string | undefined;
    if (holderId === undefined) return [];
    const holder = (await getItem('tasks', taskKey(task.tenantId, holderId))) as TaskItem | undefined;
    if (holder && !hasEnded(holder.state)) throw heldBy(holderId, index);
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
