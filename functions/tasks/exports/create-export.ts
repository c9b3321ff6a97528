import type { Actor } from '../../shared/actor.ts';
import { type CommitEnqueue, type Enqueued, enqueueBuiltin } from '../enqueue/enqueue.ts';
import { requireTypeScope } from '../types/type-scope.ts';
import { type ExportInput, planExport } from './export-input.ts';

const exportType = 'records.export';

/**
 * Enqueues an export.
 * @throws {Problem} `validation_failed`, `forbidden` for a key of other task types
 */
export async function createExport(
  input: ExportInput,
  actor: Actor,
  commit: CommitEnqueue,
): Promise<Enqueued> {
  requireTypeScope(actor.caller, exportType);
  await planExport(input, actor);
  return enqueueBuiltin(
    { type: exportType, input, title: `Export of ${input.entity}`, priority: 0 },
    actor,
    commit,
  );
}
