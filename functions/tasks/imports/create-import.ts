import type { Actor } from '../../shared/actor.ts';
import { type CommitEnqueue, type Enqueued, enqueueBuiltin } from '../enqueue/enqueue.ts';
import { requireTypeScope } from '../types/type-scope.ts';
import { requireFile } from './files.ts';
import { checkImportSize, type ImportInput, planImport } from './import-input.ts';

const importType = 'records.import';

/**
 * Enqueues the import of an uploaded file.
 * @throws {Problem} `not_found` for a file that is not there, `validation_failed`, `payload_too_large`,
 * `forbidden` for a key of other task types
 */
export async function createImport(
  input: ImportInput,
  actor: Actor,
  commit: CommitEnqueue,
): Promise<Enqueued> {
  requireTypeScope(actor.caller, importType);
  planImport(input);
  const { sizeBytes } = await requireFile(input.fileKey, actor);
  checkImportSize(sizeBytes);
  const name = input.fileKey.split('/').at(-1);
  return enqueueBuiltin(
    { type: importType, input, title: `Import of ${input.entity} from ${name}`, priority: 0 },
    actor,
    commit,
  );
}
