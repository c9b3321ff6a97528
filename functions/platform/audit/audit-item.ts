import type { Item, Key } from '../../shared/dynamo/item.ts';

/** What an audit entry can be about: every record, tasks, and the settings of a tenant. */
export const auditEntities = [
  ...(['contact', 'company', 'pipeline', 'deal', 'activity', 'product', 'order', 'invoice'] as const),
  ...(['task', 'task_type', 'schedule', 'api_key', 'webhook', 'custom_field', 'merge', 'settings'] as const),
] as const;
export type AuditEntity = (typeof auditEntities)[number];

/** Who acted: somebody with a token, a program with a key, or the service by itself. */
export const actorKinds = ['person', 'api_key', 'system'] as const;
export type ActorKind = (typeof actorKinds)[number];

/** An act as it is told of. Values of fields are not kept here: those of records are in their history. */
export interface AuditEntry {
  at: string;
  actor: string;
  /** E.g. `created`, `deleted`, `cancelled`, `rotated`. */
  action: string;
  entity: AuditEntity;
  /** The id, or the name of what has no id. */
  id: string;
  /** Of a record, the version that the act made. */
  version?: number;
  title?: string;
  /** The fields that were changed. */
  fields?: string[];
  /** What else there is to say; never a secret. */
  details?: Record<string, unknown>;
  requestId: string;
}

/** All acts of a tenant in the order of time. */
export function auditPartition(tenantId: string): string {
  return `${tenantId}#audit`;
}

/** @param mark tells apart acts on one thing in one millisecond: the version, or the request */
export function auditItem(tenantId: string, entry: AuditEntry, mark: string): AuditEntry & Item & Key {
  return { pk: auditPartition(tenantId), sk: `${entry.at}#${entry.id}#${mark}`, ...entry };
}

/** Subjects are the `sub` of a token, the id of a key, or `system`. */
export function actorKindOf(subject: string): ActorKind {
  if (subject === 'system') return 'system';
  return /^key_[0-9A-Z]{26}$/.test(subject) ? 'api_key' : 'person';
}
