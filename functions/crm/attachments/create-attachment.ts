import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import { presignedUpload } from '../../shared/presigned-file.ts';
import { validationFailed } from '../../shared/problem.ts';
import type { WritePlan } from '../../shared/write-plan.ts';
import { mergedInto, rememberAlias, withoutAlias } from '../records/aliases.ts';
import { livingCondition, recordKey } from '../records/record-item.ts';
import type { Attachment, AttachmentInput, CreatedAttachment } from './attachment.ts';
import { aboutPartition, attachmentFileKey, attachmentKey } from './attachment-items.ts';
import { saveAs } from './file-types.ts';

/**
 * The facts of a file that is going to be uploaded to the URL in the answer. Size, type and the name under which it is
 * saved are part of the URL's signature, so that nothing else can be.
 * @throws {Problem} `validation_failed` when the record is not there (when the writes are carried out)
 */
export async function planAttachment(
  { about: asked, name, contentType, sizeBytes }: AttachmentInput,
  { caller: { tenantId, subject }, requestId }: Actor,
): Promise<WritePlan<CreatedAttachment>> {
  const { id: recordId, checks } = withoutAlias(asked.type, tenantId, asked.id);
  const about = { ...asked, id: recordId };
  const at = now();
  const attachment: Attachment = {
    id: newId('att', at.getTime()),
    about,
    name,
    contentType,
    sizeBytes,
    status: 'pending',
    version: 1,
    createdAt: at.toISOString(),
    updatedAt: at.toISOString(),
    createdBy: subject,
    updatedBy: subject,
  };
  const { id } = attachment;
  const upload = await presignedUpload(attachmentFileKey(tenantId, attachment), {
    'content-type': contentType,
    'content-length': String(sizeBytes),
    'content-disposition': saveAs(name),
  });
  return {
    result: { ...attachment, upload },
    writes: [
      {
        write: {
          kind: 'put',
          table: 'platform',
          item: { ...attachmentKey(tenantId, id), ...attachment, requestId },
          condition: { text: 'attribute_not_exists(pk)' },
        },
      },
      { write: { kind: 'put', table: 'platform', item: { pk: aboutPartition(tenantId, about), sk: id } } },
      {
        write: {
          kind: 'check',
          table: 'crm',
          key: recordKey({ entity: about.type }, tenantId, about.id),
          condition: { text: livingCondition },
        },
        refused: (current) => {
          const primaryId = mergedInto(current);
          if (primaryId !== undefined) return rememberAlias(tenantId, about.id, primaryId);
          return validationFailed([
            {
              pointer: '/about/id',
              code: 'unknown_reference',
              message: `no ${about.type} has the id ${about.id}`,
            },
          ]);
        },
      },
      ...checks,
    ],
  };
}
