import type { Item } from '../shared/dynamo/item.ts';
import { type Change, isMember } from './change.ts';

/** A mutation that makes subscriptions fire, with its input. */
export interface Publication {
  mutation: 'publishRecordChange' | 'publishTaskChange';
  input: Record<string, unknown>;
}

/** What subscribers are told of a change; undefined for those that show nothing. */
export function publicationOf(change: Change): Publication | undefined {
  return change.entity === 'task' ? taskChange(change) : recordChange(change);
}

function recordChange(change: Change): Publication {
  const { tenantId, entity, id, version, action, at, actor, changes, after } = change;
  return {
    mutation: 'publishRecordChange',
    input: {
      ...{ tenantId, entity, id, version, action, at, actor },
      changedFields: changes.map(({ field }) => field),
      record: after ? JSON.stringify(recordOf(change, after)) : null,
    },
  };
}

/** The record as far as it is set, in the names of the REST API. */
export function recordOf({ entity, id, version }: Change, after: Item): Record<string, unknown> {
  const { createdAt, updatedAt, createdBy, updatedBy } = after;
  const members = Object.entries(after).filter(([name]) => isMember(entity, name));
  return { id, version, createdAt, updatedAt, createdBy, updatedBy, ...Object.fromEntries(members) };
}

/** Members of a task whose change subscribers see. */
const shown = ['state', 'title', 'assigneeId', 'progress'] as const;

function taskChange({ tenantId, id, version, at, before, after }: Change): Publication | undefined {
  // Removed at the end of its time: it ended long ago.
  if (!after) return undefined;
  const same = shown.every((name) => JSON.stringify(before?.[name]) === JSON.stringify(after[name]));
  if (before && same) return undefined;
  const progress = (after.progress ?? {}) as { percent?: number; message?: string };
  return {
    mutation: 'publishTaskChange',
    input: {
      ...{ tenantId, id, version, at },
      type: after.type,
      state: after.state,
      previousState: before?.state ?? null,
      title: after.title ?? null,
      assigneeId: after.assigneeId ?? null,
      progressPercent: progress.percent ?? null,
      progressMessage: progress.message ?? null,
    },
  };
}
