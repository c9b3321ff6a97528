import type { StoredAnswer } from '../../shared/idempotency.ts';
import type { Problem } from '../../shared/problem.ts';
import { answerBytes, maxAnswerBytes } from '../claim/claim-size.ts';
import type { TaskItem } from '../task.ts';
import { type TaskView, toView, withJsonMembers } from '../task-view.ts';

/** How one task of a batch fared; `body` is the task as JSON text. */
export interface BatchResult {
  index: number;
  status: number;
  body?: string;
  /** The same without input and result, of a task that was found: where all of them do not fit into an answer. */
  brief?: string;
  /** Of the task, when there is one. */
  taskId?: string;
  problem?: Problem;
}

export interface BatchAnswer {
  results: BatchResult[];
  /** All of it had been done before under the idempotency key. */
  replayed: boolean;
}

/** A task that was made or found. */
export interface BatchedTask {
  index: number;
  status: number;
  task: TaskItem;
  /** The place in the batch that made the task, when it is another one. */
  sameAs?: number;
}

export function resultOf({ index, status, task }: BatchedTask): BatchResult {
  return {
    index,
    status,
    taskId: task.id,
    body: withJsonMembers(toView(task), { input: task.input, result: task.result }),
    ...(status === 200 && { brief: JSON.stringify(toView(task)) }),
  };
}

/**
 * Results that fit into one answer. What a request makes is bounded by the request, but a hundred tasks that it
 * finds may have 256 KB of input each: they come without input and result then.
 */
export function fittingResults(results: BatchResult[]): BatchResult[] {
  const bytes = results.reduce((sum, { body = '' }) => sum + answerBytes(body), 0);
  if (bytes <= maxAnswerBytes) return results;
  return results.map((result) => (result.brief === undefined ? result : { ...result, body: result.brief }));
}

interface StoredResult {
  index: number;
  status: number;
  data: TaskView;
  sameAs?: number;
  /** JSON text of the input of a task that was there before, which the request does not have; null for none. */
  input?: string | null;
}

/** Longest input of a task found that is stored; beyond it, the answer replayed has the request's own. */
const maxStoredInput = 100_000;

/** Without the inputs, which the repeated request brings again: a stored item ends at 400 KB. */
export function toStoredBatch(made: BatchedTask[]): StoredAnswer {
  const results = made.map(({ index, status, task, sameAs }): StoredResult => {
    const found = status === 200 && sameAs === undefined;
    return {
      index,
      status,
      data: toView(task),
      ...(sameAs !== undefined && { sameAs }),
      ...(found && (task.input ?? '').length <= maxStoredInput && { input: task.input ?? null }),
    };
  });
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ results }),
  };
}

/** @param bodies the tasks of the request, which is the same one again */
export function fromStoredBatch({ body }: StoredAnswer, bodies: Record<string, unknown>[]): BatchResult[] {
  const { results } = JSON.parse(body) as { results: StoredResult[] };
  return results.map(({ index, status, data, sameAs = index, input }) => {
    const own = bodies[sameAs]?.input;
    const text = input === undefined && own !== undefined ? JSON.stringify(own) : (input ?? undefined);
    const json = withJsonMembers(data, { input: text, result: undefined });
    return { index, status, taskId: data.id, body: json };
  });
}
