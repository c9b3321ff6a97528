import type { Key } from '../../shared/dynamo/item.ts';

/** What can stand in a timeline: changes of the record itself, and records that refer to it. */
export const timelineKinds = [
  'change',
  'activity',
  'task',
  'deal',
  'order',
  'invoice',
  'contact',
  'company',
] as const;
export type TimelineKind = (typeof timelineKinds)[number];

/** Something that happened around a record, kept in the partition of the record that it refers to. */
export interface TimelineItem extends Key {
  kind: TimelineKind;
  at: string;
  /** `created`, `linked`, `won`, `shipped` …; see functions/changes/moves.ts. */
  action: string;
  actor: string;
  entity: string;
  id: string;
  /** The version that the write made; absent for an activity, which is shown as it is now. */
  version?: number;
  title?: string;
  requestId?: string;
  /** What the record was like then, as far as it matters here. */
  details: Record<string, unknown>;
}

export function timelinePartition(tenantId: string, id: string): string {
  return `${tenantId}#timeline#${id}`;
}

/** The records that a stored record or task refers to, each once. */
export function linksOf(entity: string, item: Record<string, unknown>): string[] {
  const fields = ['contactId', 'companyId', 'dealId', 'orderId', 'parentId'];
  const ids =
    entity === 'task' ? [String(item.about ?? '').split(':')[1]] : fields.map((field) => item[field]);
  return [...new Set(ids.filter((id): id is string => typeof id === 'string' && id !== ''))];
}

/** What a record is called: its name, number, subject or title. A contact's title is what it does. */
export function titleOf(item: Record<string, unknown>): string | undefined {
  const title = item.name ?? item.number ?? item.subject ?? item.title;
  return typeof title === 'string' ? title : undefined;
}

const shown: Record<string, readonly string[]> = {
  activity: ['kind', 'outcome', 'durationMinutes'],
  task: ['type', 'state', 'assigneeId'],
  deal: ['status', 'stageId', 'amount', 'currency'],
  order: ['status', 'total', 'currency'],
  invoice: ['status', 'total', 'amountDue', 'currency'],
  contact: ['stage'],
};

/** Members in one order, which stored maps do not keep; those of a reference that moved come last. */
export function detailsOf(entity: string, item: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    [...(shown[entity] ?? []), 'from', 'to'].flatMap((field) =>
      item[field] === undefined ? [] : [[field, item[field]]],
    ),
  );
}
