import type { Actor } from '../../shared/actor.ts';
import { Problem } from '../../shared/problem.ts';
import type { EnqueueInput } from '../../tasks/enqueue/enqueue-input.ts';
import { newTask } from '../../tasks/enqueue/new-task.ts';
import type { TaskItem } from '../../tasks/task.ts';
import type { TaskType } from '../../tasks/types/task-type.ts';
import { findType, requireType } from '../../tasks/types/type-registry.ts';
import type { DeclaredTask } from '../pipelines/declared-task.ts';
import type { CrmRecord } from '../records/entity.ts';

/** What a declared task is told of its deal when it asks for it. */
const toldOfDeal = [
  ...['id', 'title', 'amount', 'currency', 'pipelineId', 'stageId'],
  ...['contactId', 'companyId', 'ownerId'],
];

/**
 * A declared task for a deal that is won. One that cannot be made any more, since its type is gone or its schema has
 * changed, does not keep the deal from being won: a to-do that says so takes its place.
 */
export async function taskOfWin(
  deal: CrmRecord,
  declared: DeclaredTask,
  actor: Actor,
  at: Date,
): Promise<TaskItem> {
  const { tenantId } = actor.caller;
  const input = inputOf(deal, declared, at);
  const type = await findType(tenantId, declared.type);
  try {
    if (!type) throw new Problem('validation_failed', `there is no task type ${declared.type}`);
    return newTask(input, usable(type), actor, at);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const substitute: EnqueueInput = {
      ...input,
      type: 'todo',
      title: `Could not be made: ${declared.title ?? declared.type}`.slice(0, 200),
      input: { declared: input.type, reason: error.detail, input: input.input ?? null },
    };
    return newTask(substitute, await requireType(tenantId, 'todo', '/type'), actor, at);
  }
}

/** @throws {Problem} for a type that came with the service since, under the same name */
function usable(type: TaskType): TaskType {
  if (type.executor !== 'builtin') return type;
  throw new Problem('validation_failed', `${type.name} tasks are made by their own route`);
}

/** The task as its enqueuer would have sent it. */
export function inputOf(deal: CrmRecord, declared: DeclaredTask, at: Date): EnqueueInput {
  const { type, title, input, withDeal, priority = 0, delaySeconds, dueInDays, assigneeId } = declared;
  const told = Object.fromEntries(toldOfDeal.map((name) => [name, deal[name] ?? null]));
  const assignee = assigneeId === 'owner' ? deal.ownerId : assigneeId;
  return {
    type,
    priority,
    about: { type: 'deal', id: deal.id },
    ...(title !== undefined && { title }),
    ...((input !== undefined || withDeal) && { input: { ...input, ...(withDeal && { deal: told }) } }),
    ...(delaySeconds !== undefined && { delaySeconds }),
    ...(dueInDays !== undefined && {
      dueAt: new Date(at.getTime() + dueInDays * 86_400_000).toISOString(),
    }),
    ...(typeof assignee === 'string' && { assigneeId: assignee }),
  };
}
