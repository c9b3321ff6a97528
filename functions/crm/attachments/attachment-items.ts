import type { Item, Key } from '../../shared/dynamo/item.ts';
import { safeName } from '../../shared/presigned-file.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import type { AboutRecord, Attachment } from './attachment.ts';

/** Where the facts of an attachment are, in `platform`. */
export function attachmentKey(tenantId: string, id: string): Key {
  return { pk: `${tenantId}#attachments`, sk: id };
}

/** The attachments of a record, by id and so by time: keys only. */
export function aboutPartition(tenantId: string, { type, id }: AboutRecord): string {
  return `${tenantId}#attachments#${type}:${id}`;
}

/** Where the file is. */
export function attachmentFileKey(tenantId: string, { id, name }: Pick<Attachment, 'id' | 'name'>): string {
  return `attachments/${tenantId}/${id}/${safeName(name)}`;
}

export function toAttachment(item: Item): Attachment {
  const { id, about, name, contentType, sizeBytes, status, version } = item as unknown as Attachment;
  const { createdAt, updatedAt, createdBy, updatedBy } = item as unknown as Attachment;
  return {
    id,
    about: { type: about.type, id: about.id },
    name,
    contentType,
    sizeBytes,
    status,
    version,
    createdAt,
    updatedAt,
    createdBy,
    updatedBy,
  };
}

/**
 * What makes an attachment belong to another record, for a merge: the facts, and the keys by which the two records
 * list it. Refused (`conflict`) when it is gone or belongs to the other one already.
 */
export function moveWrites(tenantId: string, id: string, from: AboutRecord, to: AboutRecord): PlannedWrite[] {
  return [
    {
      write: {
        kind: 'update',
        table: 'platform',
        key: attachmentKey(tenantId, id),
        update: { text: 'SET about = :to', values: { ':to': to } },
        condition: { text: 'about = :from', values: { ':from': from } },
      },
    },
    { write: { kind: 'delete', table: 'platform', key: { pk: aboutPartition(tenantId, from), sk: id } } },
    { write: { kind: 'put', table: 'platform', item: { pk: aboutPartition(tenantId, to), sk: id } } },
  ];
}
