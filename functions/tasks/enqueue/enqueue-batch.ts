import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import {
  carryOutOnce,
  type IdempotencyKey,
  openBatch,
  subKey,
  withReplay,
} from '../../shared/idempotency.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import { attachToParents } from '../dependencies/attach.ts';
import { type BatchGraph, batchGraph, refPrefix } from '../dependencies/batch-graph.ts';
import { described } from '../fields.ts';
import { announceTasks } from '../push/runner-queue.ts';
import type { TaskItem } from '../task.ts';
import {
  type BatchAnswer,
  type BatchedTask,
  type BatchResult,
  fromStoredBatch,
  resultOf,
  toStoredBatch,
} from './batch-answer.ts';
import { commitTask, putNewTask } from './enqueue.ts';
import { type PlannedEntry, planBatch, pointInto } from './plan-batch.ts';

export const maxBatchTasks = 100;

/** Each task is checked against its schema (plan-batch.ts) when its turn comes. */
export const batchInput = z.strictObject({
  tasks: described(
    z.array(z.record(z.string(), z.unknown())).check(z.minLength(1), z.maxLength(maxBatchTasks)),
    'Each like the body of POST /api/v1/tasks; with a `ref`, others can name it as `ref:<ref>` in their `dependsOn`.',
  ),
  atomic: described(
    z._default(z.boolean(), false),
    'All or nothing, in one transaction of at most 100 writes: one for each task, for each dependency on a task outside of the batch, for each dedupe key, and one for an Idempotency-Key.',
  ),
});

export type BatchInput = z.infer<typeof batchInput>;

/** Tasks without dedupe key that one transaction takes beside its idempotency record (AWS: 100 actions). */
const chunkSize = 99;

/** The request as its parts see it. */
interface Batch {
  bodies: Record<string, unknown>[];
  idempotency: IdempotencyKey | undefined;
  actor: Actor;
  graph: BatchGraph;
  /** What has been made or refused so far, by place. */
  results: BatchResult[];
}

/** Results of a part, and those among them that an earlier request had made. */
interface PartOutcome {
  results: BatchResult[];
  replays: number;
}

/**
 * Every task by itself: those that can be made are, in few transactions; the others have a problem each. Tasks that
 * depend on others of the batch come after those.
 * The idempotency records hang on the places in the request and never on what is valid today: a type may have
 * been registered, or a latest start have passed, since the request was first sent.
 * @throws {Problem} `idempotency_mismatch`, `validation_failed` when the refs of the batch make no sense
 */
export async function enqueueBatch(
  { tasks }: BatchInput,
  actor: Actor,
  idempotency: IdempotencyKey | undefined,
): Promise<BatchAnswer> {
  const graph = batchGraph(tasks);
  await openBatch(idempotency);
  const batch: Batch = { bodies: tasks, idempotency, actor, graph, results: [] };
  const planned = await planBatch(tasks, actor);
  let replays = 0;
  for (const wave of graph.waves) {
    const entries = wave.map((place) => planned[place] as PlannedEntry);
    for (const outcome of await makeWave(entries, batch)) {
      for (const result of outcome.results) batch.results[result.index] = result;
      replays += outcome.replays;
    }
  }
  const { results } = batch;
  return { results, replayed: replays > 0 && replays === results.filter(({ body }) => body).length };
}

function makeWave(entries: PlannedEntry[], batch: Batch): Promise<PartOutcome[]> {
  const isPlain = ({ index }: PlannedEntry) => {
    const { dedupeKey, dependsOn, about } = batch.bodies[index] ?? {};
    return dedupeKey === undefined && dependsOn === undefined && about === undefined;
  };
  const plain = Map.groupBy(entries.filter(isPlain), ({ index }) => Math.floor(index / chunkSize));
  const parts = [
    ...[...plain].map(
      ([chunk, some]) =>
        () =>
          makeChunk(chunk, some, batch),
    ),
    // Each of these may turn out to be there already, or has edges of its own, so it is written by itself.
    ...entries.filter((entry) => !isPlain(entry)).map((entry) => () => makeSingle(entry, batch)),
  ];
  return mapConcurrently(parts, 8, (make) => make());
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
    const task = await attachEntry(planned, batch);
    try {
      return asMade(
        await commitTask(task, (writes, found) => carryOutOnce(writes, key, toStoredBatch(asMade(found)))),
      );
    } catch (error) {
      throw error instanceof Problem ? pointInto(error, planned.index) : error;
    }
  });
}

/** The task among its parents; refs stand for the tasks that their places came to. */
async function attachEntry(
  { index, task }: { index: number; task: TaskItem },
  { graph, results, actor }: Batch,
): Promise<TaskItem> {
  const dependsOn = task.dependsOn?.map((parent, at) => {
    const place = parent.startsWith(refPrefix) ? graph.places.get(parent.slice(refPrefix.length)) : undefined;
    if (place === undefined) return parent;
    const taskId = results[place]?.taskId;
    if (taskId !== undefined) return taskId;
    throw validationFailed([
      {
        pointer: `/tasks/${index}/dependsOn/${at}`,
        code: 'dependency_not_made',
        message: `the task at /tasks/${place} of this batch could not be made`,
      },
    ]);
  });
  try {
    return await attachToParents({ ...task, dependsOn }, actor, now());
  } catch (error) {
    throw error instanceof Problem ? pointInto(error, index) : error;
  }
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
