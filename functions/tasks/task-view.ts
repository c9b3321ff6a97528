import * as z from 'zod/mini';
import { parseLossless } from '../shared/json.ts';
import { dependencyFailures } from './dependencies/rules.ts';
import { described } from './fields.ts';
import { taskStates } from './lifecycle/state-machine.ts';
import { executors, type TaskItem } from './task.ts';

const nullableText = z.nullable(z.string());

/** A task as answered; members that are not set are `null`. */
export const taskOutput = z.strictObject({
  id: z.string(),
  type: z.string(),
  typeVersion: z.int(),
  executor: z.enum(executors),
  title: nullableText,
  state: z.enum(taskStates),
  priority: z.int(),
  attempt: described(z.int(), 'Attempts begun; an ended lease has spent its attempt.'),
  maxAttempts: z.int(),
  runAt: nullableText,
  startBy: nullableText,
  deadline: nullableText,
  dedupeKey: nullableText,
  dependsOn: described(z.array(z.string()), 'Ids of the tasks that it depends on.'),
  onDependencyFailure: z.enum(dependencyFailures),
  schedule: described(
    z.nullable(z.strictObject({ name: z.string(), at: z.string() })),
    'The schedule that made it, and the time it was made for.',
  ),
  assigneeId: nullableText,
  dueAt: nullableText,
  about: z.nullable(z.strictObject({ type: z.string(), id: z.string() })),
  workerId: nullableText,
  leaseExpiresAt: nullableText,
  cancelRequested: z.boolean(),
  reason: nullableText,
  progress: z.nullable(z.object({ percent: z.optional(z.number()), message: z.optional(z.string()) })),
  error: z.nullable(z.object({ code: z.string(), message: z.string(), details: z.optional(z.unknown()) })),
  endedAt: nullableText,
  version: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
  createdBy: z.string(),
  updatedBy: z.string(),
  input: described(z.unknown(), 'As it was sent, every digit of it.'),
  result: described(z.unknown(), 'As it was sent, every digit of it.'),
});

export type TaskView = Omit<z.infer<typeof taskOutput>, 'input' | 'result'>;

/** A task as callers see it, but for `input` and `result`: those are kept as text (see taskJson). */
export function toView(task: TaskItem): TaskView {
  const [aboutType = '', aboutId = ''] = task.about?.split(':') ?? [];
  const { code, message, details } = task.error ?? {};
  return {
    id: task.id,
    type: task.type,
    typeVersion: task.typeVersion,
    executor: task.executor,
    title: task.title ?? null,
    state: task.state,
    priority: task.priority,
    attempt: task.attempt,
    maxAttempts: task.maxAttempts,
    runAt: task.runAt ?? null,
    startBy: task.startBy ?? null,
    deadline: task.deadline ?? null,
    dedupeKey: task.dedupeKey ?? null,
    dependsOn: task.dependsOn ?? [],
    onDependencyFailure: task.onDependencyFailure ?? 'cancel',
    schedule: task.schedule ?? null,
    assigneeId: task.assigneeId ?? null,
    dueAt: task.dueAt ?? null,
    about: task.about ? { type: aboutType, id: aboutId } : null,
    workerId: task.workerId ?? null,
    leaseExpiresAt: task.leaseExpiresAt ?? null,
    cancelRequested: task.cancelRequested ?? false,
    reason: task.reason ?? null,
    progress: task.progress ?? null,
    error:
      code === undefined || message === undefined
        ? null
        : { code, message, ...(details !== undefined && { details: parseLossless(details) }) },
    endedAt: task.endedAt ?? null,
    version: task.version,
    createdAt: task.createdAt,
    updatedAt: task.updatedAt,
    createdBy: task.createdBy,
    updatedBy: task.updatedBy,
  };
}

/** The task as JSON text. */
export function taskJson(task: TaskItem): string {
  return withJsonMembers(toView(task), { input: task.input, result: task.result });
}

/**
 * An object as JSON text with members that are JSON text already: they go out letter by letter as they came in,
 * and 256 KB of input are not parsed only to be written again.
 * @param texts absent ones become `null`
 */
export function withJsonMembers(members: object, texts: Record<string, string | undefined>): string {
  const spliced = Object.entries(texts).map(([name, text]) => `${JSON.stringify(name)}:${text ?? 'null'}`);
  const head = JSON.stringify(members);
  const separator = head === '{}' || spliced.length === 0 ? '' : ',';
  return `${head.slice(0, -1)}${separator}${spliced.join(',')}}`;
}

/** What a worker needs of a leased task, as JSON text. */
export function leaseJson(task: TaskItem): string {
  return withJsonMembers(
    {
      id: task.id,
      type: task.type,
      typeVersion: task.typeVersion,
      attempt: task.attempt,
      leaseToken: task.leaseToken,
      leaseExpiresAt: task.leaseExpiresAt,
      deadline: task.deadline ?? null,
      dependsOn: task.dependsOn ?? [],
    },
    { input: task.input },
  );
}
