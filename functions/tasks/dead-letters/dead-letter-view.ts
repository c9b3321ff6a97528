import * as z from 'zod/mini';
import { described } from '../fields.ts';
import type { TaskItem } from '../task.ts';
import { taskOutput, toView } from '../task-view.ts';

const { type, typeVersion, executor, title, about, priority, maxAttempts, dedupeKey } = taskOutput.shape;

/** A dead letter as answered: the task without input, and why it died. */
export const deadLetterOutput = z.strictObject({
  id: described(z.string(), 'Of the task; its attempts are at `/api/v1/tasks/{id}/history`.'),
  ...{ type, typeVersion, executor, title, about, priority, dedupeKey, maxAttempts },
  attempts: described(z.int(), 'Attempts that were spent since it was made or last retried.'),
  workerId: described(z.nullable(z.string()), 'Who had it last.'),
  error: taskOutput.shape.error,
  createdAt: z.string(),
  endedAt: described(z.string(), 'When it died.'),
  removedAt: described(
    z.nullable(z.string()),
    'When it is removed, at the end of the retention of its type.',
  ),
});

export type DeadLetter = z.infer<typeof deadLetterOutput>;

export function toDeadLetter(task: TaskItem): DeadLetter {
  const { attempt, ...view } = toView(task);
  return {
    id: view.id,
    type: view.type,
    typeVersion: view.typeVersion,
    executor: view.executor,
    title: view.title,
    about: view.about,
    priority: view.priority,
    dedupeKey: view.dedupeKey,
    maxAttempts: view.maxAttempts,
    attempts: attempt,
    workerId: view.workerId,
    error: view.error,
    createdAt: view.createdAt,
    endedAt: view.endedAt ?? view.updatedAt,
    removedAt: task.ttl === undefined ? null : new Date(task.ttl * 1_000).toISOString(),
  };
}
