import * as z from 'zod/mini';
import type { Actor } from '../shared/actor.ts';
import {
  carryOutOnce,
  type IdempotencyKey,
  type StoredAnswer,
  subKey,
  withReplay,
} from '../shared/idempotency.ts';
import { mapConcurrently } from '../shared/map-concurrently.ts';
import { Problem, type ProblemDetail } from '../shared/problem.ts';
import { validate } from '../shared/validation.ts';
import type { PlannedWrite } from '../shared/write-plan.ts';
import { guardWrites } from './dedupe.ts';
import { commitTask, planTask, putNewTask } from './enqueue.ts';
import { enqueueInput } from './enqueue-input.ts';
import type { TaskItem } from './task.ts';
import { type TaskView, toView, withJsonMembers } from './task-view.ts';

export const maxBatchTasks = 100;

/** Each task is checked against the schema of a single one when its turn comes. */
export const batchInput = z.strictObject({
  tasks: z.array(z.record(z.string(), z.unknown())).check(z.minLength(1), z.maxLength(maxBatchTasks)),
  /** All or nothing, in one transaction. */
  atomic: z._default(z.boolean(), false),
});

export type BatchInput = z.infer<typeof batchInput>;

/** How one task of a batch fared; `body` is the task as JSON text. */
export interface BatchResult {
  index: number;
  status: number;
  body?: string;
  problem?: Problem;
}

export interface BatchAnswer {
  results: BatchResult[];
  /** All of it had been done before under the idempotency key. */
  replayed: boolean;
}

/** Tasks without dedupe key that one transaction takes beside its idempotency record (AWS: 100 actions). */
const chunkSize = 99;

interface PlannedTask {
  index: number;
  task: TaskItem;
}

/** Every task by itself: those that can be made are, in few transactions; the others have a problem each. */
export async function enqueueBatch(
  { tasks }: BatchInput,
  actor: Actor,
  idempotency: IdempotencyKey | undefined,
): Promise<BatchAnswer> {
  const planned = await planAll(tasks, actor);
  const makeable = planned.flatMap((entry) => ('task' in entry ? [entry] : []));
  let replays = 0;
  const units = unitsOf(makeable);
  const made = await mapConcurrently(units, 8, (unit) => {
    const key = subKey(idempotency, unit[0]?.index ?? 0);
    return withReplay(
      key,
      () => makeUnit(unit, key),
      (answer) => {
        replays += 1;
        return fromStored(answer, makeable);
      },
    );
  });
  const refused = planned.flatMap((entry): BatchResult[] =>
    'problem' in entry ? [{ index: entry.index, status: entry.problem.status, problem: entry.problem }] : [],
  );
  return {
    results: [...refused, ...made.flat()].sort((a, b) => a.index - b.index),
    replayed: units.length > 0 && replays === units.length,
  };
}

/**
 * All tasks in one transaction.
 * @throws {Problem} of the first task that cannot be made; nothing is written then
 */
export async function enqueueAtomicBatch(
  { tasks }: BatchInput,
  actor: Actor,
  idempotency: IdempotencyKey | undefined,
): Promise<BatchAnswer> {
  const planned = (await planAll(tasks, actor)).map((entry) => {
    if ('problem' in entry) throw entry.problem;
    return entry;
  });
  const writes = planned.flatMap(({ task, index }) => [
    putNewTask(task),
    ...guardWrites(task).map(
      ({ write, refused }): PlannedWrite => ({
        write,
        refused: (current) => pointInto(refused?.(current) ?? new Problem('conflict', 'taken'), index),
      }),
    ),
  ]);
  return withReplay(
    idempotency,
    async (): Promise<BatchAnswer> => {
      await carryOutOnce(writes, idempotency, toStored(planned.map((entry) => ({ ...entry, status: 201 }))));
      return { results: planned.map(({ index, task }) => result(index, 201, task)), replayed: false };
    },
    (answer) => ({ results: fromStored(answer, planned), replayed: true }),
  );
}

async function planAll(
  tasks: Record<string, unknown>[],
  actor: Actor,
): Promise<(PlannedTask | { index: number; problem: Problem })[]> {
  const keys = new Set<string>();
  return mapConcurrently(tasks, 8, async (body, index) => {
    try {
      const input = validate(enqueueInput, body);
      if (input.dedupeKey !== undefined) {
        const key = `${input.type}#${input.dedupeKey}`;
        if (keys.has(key))
          throw new Problem('duplicate', 'An earlier task of this batch has the same dedupeKey');
        keys.add(key);
      }
      return { index, task: await planTask(input, actor) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { index, problem: pointInto(error, index) };
    }
  });
}

/** What is written together: tasks with a dedupe key by themselves, since each may turn out to be there already. */
function unitsOf(tasks: PlannedTask[]): PlannedTask[][] {
  const plain = tasks.filter(({ task }) => task.dedupeKey === undefined);
  const keyed = tasks.filter(({ task }) => task.dedupeKey !== undefined);
  const chunks = Array.from({ length: Math.ceil(plain.length / chunkSize) }, (_, at) =>
    plain.slice(at * chunkSize, (at + 1) * chunkSize),
  );
  return [...chunks, ...keyed.map((entry) => [entry])];
}

async function makeUnit(unit: PlannedTask[], key: IdempotencyKey | undefined): Promise<BatchResult[]> {
  const [first] = unit;
  if (first?.task.dedupeKey !== undefined) {
    const { created, task } = await commitTask(first.task, (writes, found) =>
      carryOutOnce(
        writes,
        key,
        toStored([{ index: first.index, status: found.created ? 201 : 200, task: found.task }]),
      ),
    );
    return [result(first.index, created ? 201 : 200, task)];
  }
  await carryOutOnce(
    unit.map(({ task }) => putNewTask(task)),
    key,
    toStored(unit.map((entry) => ({ ...entry, status: 201 }))),
  );
  return unit.map(({ index, task }) => result(index, 201, task));
}

function result(index: number, status: number, task: TaskItem): BatchResult {
  return { index, status, body: bodyOf(toView(task), task) };
}

function bodyOf(view: TaskView, { input, result }: Pick<TaskItem, 'input' | 'result'>): string {
  return withJsonMembers(view, { input, result });
}

/** Without the inputs, which the repeated request brings again: a stored item ends at 400 KB. */
function toStored(made: (PlannedTask & { status: number })[]): StoredAnswer {
  const entries = made.map(({ index, status, task }) => ({ index, status, view: toView(task) }));
  return { status: 200, headers: {}, body: JSON.stringify(entries) };
}

function fromStored({ body }: StoredAnswer, planned: PlannedTask[]): BatchResult[] {
  const entries = JSON.parse(body) as { index: number; status: number; view: TaskView }[];
  return entries.map(({ index, status, view }) => {
    const input = planned.find((entry) => entry.index === index)?.task.input;
    return { index, status, body: bodyOf(view, { input }) };
  });
}

function pointInto(problem: Problem, index: number): Problem {
  const errors = problem.options.errors?.map(
    (detail): ProblemDetail =>
      detail.pointer === undefined ? detail : { ...detail, pointer: `/tasks/${index}${detail.pointer}` },
  );
  return new Problem(problem.code, problem.detail, { ...problem.options, ...(errors && { errors }) });
}
