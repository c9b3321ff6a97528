import type { StoredAnswer } from '../shared/idempotency.ts';
import type { Problem } from '../shared/problem.ts';
import type { TaskItem } from './task.ts';
import { type TaskView, toView, withJsonMembers } from './task-view.ts';

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

/** A task that was made or found. */
export interface BatchedTask {
  index: number;
  status: number;
  task: TaskItem;
}

export function resultOf({ index, status, task }: BatchedTask): BatchResult {
  return { index, status, body: withJsonMembers(toView(task), { input: task.input, result: task.result }) };
}

/** Without the inputs, which the repeated request brings again: a stored item ends at 400 KB. */
export function toStoredBatch(made: BatchedTask[]): StoredAnswer {
  const results = made.map(({ index, status, task }) => ({ index, status, data: toView(task) }));
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ results }),
  };
}

/** @param bodies the tasks of the request, which is the same one again */
export function fromStoredBatch({ body }: StoredAnswer, bodies: Record<string, unknown>[]): BatchResult[] {
  const { results } = JSON.parse(body) as { results: { index: number; status: number; data: TaskView }[] };
  return results.map(({ index, status, data }) => {
    const input = bodies[index]?.input;
    const text = input === undefined ? undefined : JSON.stringify(input);
    return { index, status, body: withJsonMembers(data, { input: text, result: undefined }) };
  });
}
