import { taskResponse } from '../rest-tasks/task-response.ts';
import { json, toStored } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { carryOutOnce, type IdempotencyKey } from '../shared/idempotency.ts';
import type { CommitEnqueue, Enqueued } from '../tasks/enqueue/enqueue.ts';
import { createExport } from '../tasks/exports/create-export.ts';
import { createImport } from '../tasks/imports/create-import.ts';
import { createDownload, createUpload } from '../tasks/imports/files.ts';

/** Files of records, and the tasks that read and write them. */
export const fileOperations: Record<string, Operation> = {
  createFile: async (request) => json(201, await createUpload(request.body, request)),
  getFile: async (request) => json(200, await createDownload(request.path.fileKey ?? '', request)),
  createImport: async (request) =>
    enqueued(await createImport(request.body, request, withAnswer(request.idempotency))),
  createExport: async (request) =>
    enqueued(await createExport(request.body, request, withAnswer(request.idempotency))),
};

function enqueued({ task }: Enqueued) {
  return taskResponse(201, task, { location: `/api/v1/tasks/${task.id}` });
}

/** Commits a task together with its answer under the request's idempotency key. */
function withAnswer(idempotency: IdempotencyKey | undefined): CommitEnqueue {
  return (writes, made) => carryOutOnce(writes, idempotency, toStored(enqueued(made)));
}
