import * as z from 'zod/mini';
import { instant as instantText } from '../../shared/clock.ts';
import type { Item, Key } from '../../shared/dynamo/item.ts';
import type { Write } from '../../shared/dynamo/transaction.ts';

/** `running` and `undoing` while references move; a task brings both to their end, whatever happens to the request. */
export const mergeStatuses = ['running', 'completed', 'undoing', 'undone'] as const;
export type MergeStatus = (typeof mergeStatuses)[number];

/** What can refer to a contact. */
export const movedKinds = ['deals', 'activities', 'orders', 'invoices', 'tasks', 'attachments'] as const;
export type MovedKind = (typeof movedKinds)[number];

/** An object with a member for each kind. */
export function eachKind<Value>(countOf: (kind: MovedKind) => Value): Record<MovedKind, Value> {
  return Object.fromEntries(movedKinds.map((kind) => [kind, countOf(kind)])) as Record<MovedKind, Value>;
}

const fieldChange = z.object({ field: z.string(), old: z.unknown(), new: z.unknown() });

/** A merge, as answered. */
export const mergeOutput = z.object({
  id: z.string(),
  status: z.enum(mergeStatuses),
  primaryId: z.string(),
  otherIds: z.array(z.string()),
  /** How many references have been moved to the primary. */
  moved: z.object(eachKind(() => z.int())),
  /** What the merge changed in the primary's own fields. */
  changes: z.array(fieldChange),
  createdAt: z.string(),
  createdBy: z.string(),
  completedAt: z.nullable(z.string()),
  undoneAt: z.nullable(z.string()),
  undoneBy: z.nullable(z.string()),
});

export type Merge = z.infer<typeof mergeOutput>;

/** The log of a merge, in `platform`: all merges of a tenant in the order of time. */
export function mergeKey(tenantId: string, id: string): Key {
  return { pk: `${tenantId}#merges`, sk: id };
}

/** What a merge has moved, in chunks. */
export function chunkPartition(tenantId: string, mergeId: string): string {
  return `${tenantId}#merge#${mergeId}`;
}

/** References that one transaction has moved. */
export interface MovedChunk extends Key {
  kind: MovedKind;
  /** The contact that they named before. */
  from: string;
  ids: string[];
  /** Set in the transaction that moves them back. */
  returned?: true;
}

export function mergeItem(tenantId: string, merge: Merge): Item & Key {
  const set = Object.entries(merge).filter(([, value]) => value !== null);
  return { ...mergeKey(tenantId, merge.id), ...Object.fromEntries(set) };
}

export function toMerge(item: Item): Merge {
  const { id, status, primaryId, otherIds, moved, changes, createdAt, createdBy } = item as unknown as Merge;
  const { completedAt = null, undoneAt = null, undoneBy = null } = item as unknown as Partial<Merge>;
  return {
    ...{ id, status, primaryId, otherIds, moved: eachKind((kind) => moved[kind] ?? 0) },
    changes: changes.map(({ field, old, new: now }) => ({ field, old, new: now })),
    ...{ createdAt, createdBy, completedAt, undoneAt, undoneBy },
  };
}

/** The write that brings a merge from one status to another. */
export function statusWrite(
  tenantId: string,
  id: string,
  from: readonly MergeStatus[],
  to: MergeStatus,
  members: Record<string, string> = {},
): Write & { kind: 'update' } {
  const set = Object.entries({ ...members, ...(to === 'completed' && { completedAt: instantText() }) });
  return {
    kind: 'update',
    table: 'platform',
    key: mergeKey(tenantId, id),
    update: {
      text: `SET #status = :to${set.map(([name]) => `, ${name} = :${name}`).join('')}`,
      names: { '#status': 'status' },
      values: { ':to': to, ...Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])) },
    },
    condition: {
      text: `#status IN (${from.map((_, at) => `:from${at}`).join(', ')})`,
      names: { '#status': 'status' },
      values: Object.fromEntries(from.map((status, at) => [`:from${at}`, status])),
    },
  };
}
