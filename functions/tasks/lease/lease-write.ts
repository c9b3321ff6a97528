import type { Actor } from '../../shared/actor.ts';
import { ConditionFailed, getItem, updateItem } from '../../shared/dynamo/table.ts';
import { preconditionFailed, type VersionCondition } from '../../shared/etag.ts';
import { notFound, Problem } from '../../shared/problem.ts';
import { freeSlot } from '../limits/slots.ts';
import { type TaskItem, taskKey } from '../task.ts';
import { taskUpdate } from '../task-update.ts';
import type { TaskType } from '../types/task-type.ts';
import { findTypeAt } from '../types/type-registry.ts';
import { requireTypeScope } from '../types/type-scope.ts';
import { type Lease, readLeaseToken } from './lease-token.ts';

/** The task and the token by which a worker acts on it. */
export interface LeaseHolder {
  id: string;
  leaseToken: string;
  ifMatch?: VersionCondition;
}

/** A lease with the type of its task, at the version that the task was made with. */
export interface OpenedLease extends Lease {
  tenantId: string;
  id: string;
  type: string;
  taskType: TaskType;
}

/**
 * Reads the token; whether it is the task's own is for the write's condition to say.
 * @throws {Problem} `not_found`, `lease_lost` for what never was a token, `forbidden`
 */
export async function openLease({ id, leaseToken }: LeaseHolder, { caller }: Actor): Promise<OpenedLease> {
  const { tenantId } = caller;
  const lease = readLeaseToken(leaseToken);
  if (!lease) throw await lostOrNotFound(tenantId, id);
  requireTypeScope(caller, lease.type);
  const taskType = await findTypeAt(tenantId, lease.type, lease.facts.typeVersion);
  if (taskType) return { ...lease, tenantId, id, taskType };
  // A token of another tenant or with altered facts names a type that is not here.
  throw await lostOrNotFound(tenantId, id);
}

/** What to say of a lease that the caller cannot have. One GetItem. @param why for the holder of a lease */
export async function lostOrNotFound(tenantId: string, id: string, why?: string): Promise<Problem> {
  const task = (await getItem('tasks', taskKey(tenantId, id))) as TaskItem | undefined;
  return task ? leaseLost(task, task.state === 'claimed' ? why : undefined) : notFound('task', id);
}

/** What a refused write under a lease means. */
export type Refusal = { repeated: TaskItem } | { cancelRequested: TaskItem };

/**
 * One UpdateItem, without a read, that only the holder of the lease gets through.
 * @param options.settles how the write ends the lease; repeating it with the same token is answered the same
 * @param options.unlessCancelled refuse when a cancellation has been asked for
 * @param options.aliveAt refuse when the lease has ended by this instant, though nobody has taken the task since
 * @throws {Problem} `not_found`, `lease_lost`, `precondition_failed`
 */
export async function writeUnderLease(
  holder: LeaseHolder,
  members: Record<string, unknown>,
  actor: Actor,
  options: WriteOptions = {},
): Promise<{ task: TaskItem } | Refusal> {
  const outcome = await tryToWrite(holder, members, actor, options);
  const lease = options.settles && readLeaseToken(holder.leaseToken);
  // A repetition frees the slot that its first run may not have come to.
  if (lease?.hold && !('cancelRequested' in outcome)) {
    await freeSlot(actor.caller.tenantId, lease.type, lease.hold);
  }
  return outcome;
}

interface WriteOptions {
  settles?: NonNullable<TaskItem['settledAs']>;
  unlessCancelled?: boolean;
  aliveAt?: string;
}

async function tryToWrite(
  { id, leaseToken, ifMatch }: LeaseHolder,
  members: Record<string, unknown>,
  actor: Actor,
  options: WriteOptions,
): Promise<{ task: TaskItem } | Refusal> {
  const condition = {
    text: 'leaseToken = :token',
    names: {} as Record<string, string>,
    values: { ':token': leaseToken } as Record<string, unknown>,
  };
  if (options.unlessCancelled) condition.text += ' AND attribute_not_exists(cancelRequested)';
  if (options.aliveAt !== undefined) {
    condition.text += ' AND leaseExpiresAt > :alive';
    condition.values[':alive'] = options.aliveAt;
  }
  const versions = ifMatch && !ifMatch.any ? ifMatch.versions : undefined;
  if (versions) {
    condition.text += ` AND #version IN (${[0, ...versions].map((_, at) => `:v${at}`).join(', ')})`;
    condition.names['#version'] = 'version';
    for (const [at, version] of [0, ...versions].entries()) condition.values[`:v${at}`] = version;
  }
  const settled = options.settles && { settledToken: leaseToken, settledAs: options.settles };
  try {
    const update = taskUpdate({ ...members, ...settled });
    const key = taskKey(actor.caller.tenantId, id);
    return { task: (await updateItem('tasks', key, update, condition)) as TaskItem };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const current = error.current as TaskItem | undefined;
    if (!current) throw notFound('task', id);
    if (current.leaseToken === leaseToken) {
      if (options.aliveAt !== undefined && (current.leaseExpiresAt ?? '') <= options.aliveAt) {
        throw leaseLost(current, 'The lease has ended; complete the task if the work is done, or stop');
      }
      if (options.unlessCancelled && current.cancelRequested) return { cancelRequested: current };
      throw preconditionFailed(current.version);
    }
    if (options.settles && current.settledToken === leaseToken && current.settledAs === options.settles) {
      return { repeated: current };
    }
    throw leaseLost(current);
  }
}

function leaseLost(task: TaskItem, why?: string): Problem {
  return new Problem(
    'lease_lost',
    why ??
      (task.state === 'claimed'
        ? 'The lease has ended and the task was claimed again, or this is not its token'
        : `The lease has ended; the task is ${task.state}`),
    { extensions: { state: task.state } },
  );
}
