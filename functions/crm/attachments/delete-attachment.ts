import type { Actor } from '../../shared/actor.ts';
import { readAttachment } from './find-attachments.ts';
import { removeAttachment } from './remove-attachment.ts';

/** Deletes a file and its facts for good. @throws {Problem} `not_found` */
export async function deleteAttachment(id: string, { caller: { tenantId } }: Actor): Promise<void> {
  await removeAttachment(await readAttachment(id, tenantId), tenantId);
}
