/** What a write did to a record; `merged`: it has become a part of another one. */
export type HistoryAction = 'created' | 'updated' | 'deleted' | 'restored' | 'merged';

/** A field before and after; `null` where it was not set. */
export interface FieldChange {
  field: string;
  old: unknown;
  new: unknown;
}

/** One write of a record, kept in the views table; the item's existence also marks the write as done with. */
export interface HistoryItem {
  pk: string;
  sk: string;
  entity: string;
  id: string;
  version: number;
  action: HistoryAction;
  /** When the record was written. */
  at: string;
  /** The subject who wrote it. */
  actor: string;
  requestId: string;
  changes: FieldChange[];
  /** The recount of the counters that was told of this write; see counting/recount-marker.ts. */
  recount?: string;
}

export function historyPartition(tenantId: string, id: string): string {
  return `${tenantId}#history#${id}`;
}

/** Padded, so that versions sort as text. */
export function historySortKey(version: number): string {
  return String(version).padStart(10, '0');
}
