import type { Actor } from '../../functions/shared/actor.ts';
import type { Caller } from '../../functions/shared/caller.ts';
import { updateItem } from '../../functions/shared/dynamo/table.ts';
import { validate } from '../../functions/shared/validation.ts';
import { type ClaimInput, claimInput, claimTasks } from '../../functions/tasks/claim/claim.ts';
import { enqueueTask } from '../../functions/tasks/enqueue/enqueue.ts';
import { enqueueInput } from '../../functions/tasks/enqueue/enqueue-input.ts';
import { readAttempts } from '../../functions/tasks/history/read-attempts.ts';
import { type TaskItem, taskKey } from '../../functions/tasks/task.ts';
import { putType } from '../../functions/tasks/types/put-type.ts';
import { type TaskTypeInput, taskTypeInput } from '../../functions/tasks/types/task-type.ts';

let tenants = 0;

/** Somebody of a tenant of their own, so that tests do not see one another's tasks. */
export function newActor(caller: Partial<Caller> = {}): Actor {
  tenants += 1;
  return {
    caller: { tenantId: `tenant-${tenants}`, subject: 'user-1', role: 'owner', ...caller },
    requestId: 'request-1',
  };
}

/** Registers a type with fast retries. */
export async function registerType(
  actor: Actor,
  name = 'email.send',
  input: Record<string, unknown> = {},
): Promise<void> {
  const definition: TaskTypeInput = validate(taskTypeInput, {
    retry: { maxAttempts: 3, initialSeconds: 1, jitter: false },
    ...input,
  });
  await putType(name, definition, actor);
}

export async function enqueue(actor: Actor, body: Record<string, unknown> = {}): Promise<TaskItem> {
  return (await enqueueTask(validate(enqueueInput, { type: 'email.send', ...body }), actor)).task;
}

export function claim(actor: Actor, body: Record<string, unknown> = {}): Promise<TaskItem[]> {
  const input: ClaimInput = validate(claimInput, { types: ['email.send'], workerId: 'worker-1', ...body });
  return claimTasks(input, actor, Date.now() + 25_000);
}

/** Claims one task that must be there. */
export async function claimOne(actor: Actor, body: Record<string, unknown> = {}): Promise<TaskItem> {
  const [task] = await claim(actor, body);
  if (!task) throw new Error('there was nothing to claim');
  return task;
}

/** The attempts of a task, oldest first; those that are in the archive only if the stream is followed. */
export async function attemptsOf(id: string, actor: Actor) {
  return (await readAttempts(id, { limit: '100' }, actor)).data;
}

export const holderOf = (task: TaskItem) => ({ id: task.id, leaseToken: task.leaseToken as string });

/** The code of the problem that a call ends with. */
export async function problemCode(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

export const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

/** Changes stored attributes behind the service's back. */
export async function tamper(task: TaskItem, name: string, value: unknown): Promise<void> {
  await updateItem('tasks', taskKey(task.tenantId, task.id), {
    text: 'SET #name = :value',
    names: { '#name': name },
    values: { ':value': value },
  });
}
