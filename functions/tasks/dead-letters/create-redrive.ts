import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { type CommitEnqueue, type Enqueued, enqueueBuiltin } from '../enqueue/enqueue.ts';
import { requireType } from '../types/type-registry.ts';
import { requireListedType } from '../types/type-scope.ts';
import { checkRedrive, type RedriveInput, type RedriveOrder, redriveType } from './redrive-input.ts';

/**
 * Enqueues a redrive. It will do what whoever asks for it may do: a key of some types names one in the filter, and
 * of tasks named by id those of other types are refused one by one.
 * @throws {Problem} `validation_failed`, `forbidden`, `payload_too_large`
 */
export async function createRedrive(
  input: RedriveInput,
  actor: Actor,
  commit: CommitEnqueue,
): Promise<Enqueued> {
  checkRedrive(input);
  const { tenantId, taskTypes } = actor.caller;
  const { ids, filter } = input;
  if (filter) requireListedType(actor.caller, filter.type);
  if (filter?.type !== undefined) await requireType(tenantId, filter.type, '/filter/type');
  // The next millisecond: what has died by now is meant.
  const end = new Date(now().getTime() + 1).toISOString();
  const before = filter?.to !== undefined && filter.to < end ? filter.to : end;
  const order: RedriveOrder = { ...input, before, ...(taskTypes && { taskTypes }) };
  const title = ids ? `Redrive of ${new Set(ids).size} tasks` : titleOf(filter ?? {});
  return enqueueBuiltin({ type: redriveType, input: order, title, priority: 0 }, actor, commit);
}

function titleOf({ type, errorCode }: NonNullable<RedriveInput['filter']>): string {
  const parts = [type && `of type ${type}`, errorCode && `with ${errorCode}`].filter((part) => part);
  return ['Redrive of dead letters', ...parts].join(' ');
}
