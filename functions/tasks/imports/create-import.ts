import type { Actor } from '../../shared/actor.ts';
import { type CommitEnqueue, type Enqueued, enqueueBuiltin } from '../enqueue/enqueue.ts';
import { requireFile } from './files.ts';
import { checkImportSize, checkMapping, type ImportInput } from './import-input.ts';

/**
 * Enqueues the import of an uploaded file.
 * @throws {Problem} `not_found` for a file that is not there, `validation_failed`, `payload_too_large`
 */
export async function createImport(
  input: ImportInput,
  actor: Actor,
  commit: CommitEnqueue,
): Promise<Enqueued> {
  checkMapping(input);
  const { sizeBytes } = await requireFile(input.fileKey, actor);
  checkImportSize(sizeBytes);
  const name = input.fileKey.split('/').at(-1);
  return enqueueBuiltin(
    { type: 'contacts.import', input, title: `Import of ${name}`, priority: 0 },
    actor,
    commit,
  );
}
