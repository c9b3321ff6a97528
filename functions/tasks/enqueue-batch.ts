import * as z from 'zod/mini';
import type { Actor } from '../shared/actor.ts';
import { carryOutOnce, type IdempotencyKey, openBatch, subKey, withReplay } from '../shared/idempotency.ts';
import { mapConcurrently } from '../shared/map-concurrently.ts';
import { Problem } from '../shared/problem.ts';
import {
  type BatchAnswer,
  type BatchedTask,
  type BatchResult,
  fromStoredBatch,
  resultOf,
  toStoredBatch,
} from './batch-answer.ts';
import { commitTask, putNewTask } from './enqueue.ts';
import { type PlannedEntry, planBatch } from './plan-batch.ts';
import { announceTasks } from './runner-queue.ts';
import type { TaskItem } from './task.ts';

export const maxBatchTasks = 100;

/** Each task is checked against the schema of a single one when its turn comes. */
export const batchInput = z.strictObject({
  tasks: z.array(z.record(z.string(), z.unknown())).check(z.minLength(1), z.maxLength(maxBatchTasks)),
  /** All or nothing, in one transaction. */
  atomic: z._default(z.boolean(), false),
});

export type BatchInput = z.infer<typeof batchInput>;

/** Tasks without dedupe key that one transaction takes beside its idempotency record (AWS: 100 actions). */
const chunkSize = 99;

/** The request as its parts see it. */
interface Batch {
  bodies: Record<string, unknown>[];
  idempotency: IdempotencyKey | undefined;
}

/** Results of a part, and those among them that an earlier request had made. */
interface PartOutcome {
  results: BatchResult[];
  replays: number;
}

/**
 * Every task by itself: those that can be made are, in few transactions; the others have a problem each.
 * The idempotency records hang on the places in the request and never on what is valid today: a type may have
 * been registered, or a latest start have passed, since the request was first sent.
 * @throws {Problem} `idempotency_mismatch`
 */
export async function enqueueBatch(
  { tasks }: BatchInput,
  actor: Actor,
  idempotency: IdempotencyKey | undefined,
): Promise<BatchAnswer> {
  await openBatch(idempotency);
  const batch: Batch = { bodies: tasks, idempotency };
  const planned = await planBatch(tasks, actor);
  const keyed = planned.filter(({ index }) => tasks[index]?.dedupeKey !== undefined);
  const plain = planned.filter(({ index }) => tasks[index]?.dedupeKey === undefined);
  const chunks = [...Map.groupBy(plain, ({ index }) => Math.floor(index / chunkSize))];
  const outcomes = await mapConcurrently(
    [
      ...chunks.map(
        ([chunk, entries]) =>
          () =>
            makeChunk(chunk, entries, batch),
      ),
      // Each of these may turn out to be there already, so it is written by itself.
      ...keyed.map((entry) => () => makeSingle(entry, batch)),
    ],
    8,
    (make) => make(),
  );
  const results = outcomes.flatMap((outcome) => outcome.results).sort((a, b) => a.index - b.index);
  const replays = outcomes.reduce((sum, outcome) => sum + outcome.replays, 0);
  return { results, replayed: replays > 0 && replays === results.filter(({ body }) => body).length };
}

/** What a chunk's record does not hold was refused when the record was written, and is then made by itself. */
async function makeChunk(chunk: number, entries: PlannedEntry[], batch: Batch): Promise<PartOutcome> {
  const key = subKey(batch.idempotency, maxBatchTasks + chunk);
  const [alone] = entries;
  if (alone && entries.length === 1 && !key) return makeSingle(alone, batch);
  const outcome = await makeOrReplay(entries, key, batch, async (tasks) => {
    const made = tasks.map(({ index, task }) => ({ index, status: 201, task }));
    await announceTasks(tasks.map(({ task }) => task));
    await carryOutOnce(
      tasks.map(({ task }) => putNewTask(task)),
      key,
      toStoredBatch(made),
    );
    return made;
  });
  if (outcome.replays === 0) return outcome;
  const done = new Set(outcome.results.map(({ index }) => index));
  const rest = await mapConcurrently(
    entries.filter(({ index }) => !done.has(index)),
    8,
    (entry) => makeSingle(entry, batch),
  );
  return {
    results: [...outcome.results, ...rest.flatMap(({ results }) => results)],
    replays: outcome.replays + rest.reduce((sum, { replays }) => sum + replays, 0),
  };
}

function makeSingle(entry: PlannedEntry, batch: Batch): Promise<PartOutcome> {
  const key = subKey(batch.idempotency, entry.index);
  return makeOrReplay([entry], key, batch, async ([planned]) => {
    if (!planned) return [];
    const asMade = ({ created, task }: { created: boolean; task: TaskItem }): BatchedTask[] => [
      { index: planned.index, status: created ? 201 : 200, task },
    ];
    return asMade(
      await commitTask(planned.task, (writes, found) =>
        carryOutOnce(writes, key, toStoredBatch(asMade(found))),
      ),
    );
  });
}

/** Makes what can be made; when that is nothing, or it is refused, it may have been done before. */
async function makeOrReplay(
  entries: PlannedEntry[],
  key: IdempotencyKey | undefined,
  { bodies }: Batch,
  make: (tasks: { index: number; task: TaskItem }[]) => Promise<BatchedTask[]>,
): Promise<PartOutcome> {
  const tasks = entries.flatMap((entry) => ('task' in entry ? [entry] : []));
  const refused = entries.flatMap((entry) => ('problem' in entry ? [problemOf(entry)] : []));
  try {
    return await withReplay<PartOutcome>(
      key,
      async () => {
        if (tasks.length === 0) throw refused[0]?.problem;
        return { results: [...(await make(tasks)).map(resultOf), ...refused], replays: 0 };
      },
      (answer) => {
        const results = fromStoredBatch(answer, bodies);
        return { results, replays: results.length };
      },
    );
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return {
      results: [...tasks.map(({ index }) => problemOf({ index, problem: error })), ...refused],
      replays: 0,
    };
  }
}

function problemOf({ index, problem }: { index: number; problem: Problem }) {
  return { index, status: problem.status, problem };
}
