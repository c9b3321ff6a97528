import type { Actor } from '../../shared/actor.ts';
import { newId } from '../../shared/ids.ts';
import { listKeys, placeTask } from '../indexes/place-task.ts';
import { type TaskItem, taskKey } from '../task.ts';
import { requireValidInput } from '../types/enforce.ts';
import type { TaskType } from '../types/task-type.ts';
import {
  aboutText,
  checkEnqueue,
  type EnqueueInput,
  jsonText,
  maxInputBytes,
  startMillis,
} from './enqueue-input.ts';

/**
 * A new task as it is going to be stored.
 * @throws {Problem} `validation_failed`, `payload_too_large`
 */
export function newTask(
  input: EnqueueInput,
  type: TaskType,
  { caller, requestId }: Actor,
  now: Date,
): TaskItem {
  const nowMillis = now.getTime();
  checkEnqueue(input, nowMillis);
  const start = startMillis(input, nowMillis);
  const id = newId('task', nowMillis);
  const at = now.toISOString();
  const text = jsonText(input.input, 'input', maxInputBytes);
  requireValidInput(type, input.input, text);
  const task: TaskItem = {
    ...taskKey(caller.tenantId, id),
    entity: 'task',
    id,
    tenantId: caller.tenantId,
    type: type.name,
    typeVersion: type.version,
    executor: type.executor,
    state: start > nowMillis ? 'scheduled' : 'ready',
    title: input.title,
    priority: input.priority,
    input: text,
    attempt: 0,
    maxAttempts: input.maxAttempts ?? type.retry.maxAttempts,
    lease: 0,
    attempts: {},
    runAt: start > nowMillis ? new Date(start).toISOString() : undefined,
    startBy: input.startBy,
    deadline: input.deadline,
    dedupeKey: input.dedupeKey,
    dependsOn: input.dependsOn?.length ? input.dependsOn : undefined,
    onDependencyFailure: input.onDependencyFailure,
    assigneeId: input.assigneeId,
    dueAt: input.dueAt,
    about: input.about && aboutText(input.about),
    version: 1,
    createdAt: at,
    updatedAt: at,
    createdBy: caller.subject,
    updatedBy: caller.subject,
    requestId,
  };
  return { ...task, ...listKeys(task), ...placeTask(task, type, nowMillis) };
}
