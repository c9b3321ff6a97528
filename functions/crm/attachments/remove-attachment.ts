import { deleteObject } from '../../shared/aws/s3.ts';
import { carryOut } from '../../shared/write-plan.ts';
import type { Attachment } from './attachment.ts';
import { aboutPartition, attachmentFileKey, attachmentKey } from './attachment-items.ts';

/** The file first: facts without a file show as pending and are forgotten, a file without facts would stay for ever. */
export async function removeAttachment(attachment: Attachment, tenantId: string): Promise<void> {
  await deleteObject(attachmentFileKey(tenantId, attachment));
  const { id, about } = attachment;
  await carryOut([
    { write: { kind: 'delete', table: 'platform', key: attachmentKey(tenantId, id) } },
    { write: { kind: 'delete', table: 'platform', key: { pk: aboutPartition(tenantId, about), sk: id } } },
  ]);
}
